// SPDX-License-Identifier: MIT
#include "codec/quant/encode_rows.h"

#include <algorithm>
#include <cmath>

#include "codec/quant/grouping.h"
#include "codec/quant/kernels.h"
#include "codec/quant/load.h"
#include "codec/quant/pieces.h"

namespace kvferry {
namespace {

// One uniform quantization of a block, under way.
class UniformEncoder {
 public:
  UniformEncoder(const QuantSpec& spec, const KvView& view, std::vector<float>& work,
                 std::uint16_t* parameters, SymbolSink& sink)
      : spec_(spec),
        view_(view),
        rule_(uniform_rule(spec)),
        pieces_(pieces_of(view)),
        scales_(parameters),
        zeros_(rule_.symmetric ? nullptr : parameters + scale_count(spec, shape_of(view))),
        sink_(sink) {
    // Runs of neighbours may not cross heads.
    if (spec.along == Along::kGroup && view.head_dim % spec.group != 0) pieces_ = {view.heads, view.head_dim};
    const std::size_t most = std::max(view.channels(), pieces_.count);
    work.resize(4 * most);
    lo_ = work.data();
    hi_ = lo_ + most;
    zero_ = hi_ + most;
    inverse_ = zero_ + most;
  }

  [[nodiscard]] bool encode() {
    switch (spec_.along) {
      case Along::kChannel:
        return by_channel();
      case Along::kGroup:
        return by_group();
      case Along::kToken:
        return by_token();
      case Along::kTensor:
        return whole();
    }
    return false;
  }

 private:
  bool by_channel() {
    const std::size_t columns = view_.channels();
    for (std::size_t begin = 0; begin < view_.rows; begin += spec_.group) {
      const std::size_t rows = std::min<std::size_t>(spec_.group, view_.rows - begin);
      for (std::size_t i = 0; i < pieces_.count; ++i) {
        const std::size_t column = i * pieces_.length;
        kernels::column_ranges(view_.dtype, view_.at(begin, i), rows, view_.row_stride, pieces_.length,
                               lo_ + column, hi_ + column);
      }
      if (!next_scales(columns)) return false;
      for (std::size_t row = begin; row < begin + rows; ++row) {
        std::uint8_t* symbols = sink_.row(row);
        for (std::size_t i = 0; i < pieces_.count; ++i) {
          const std::size_t column = i * pieces_.length;
          kernels::symbols_by_column(rule_, view_.dtype, view_.at(row, i), pieces_.length, zero_ + column,
                                     inverse_ + column, symbols + column);
        }
        sink_.finish_row(row);
      }
    }
    return true;
  }

  bool by_group() {
    const std::size_t per_piece = divide_up(pieces_.length, spec_.group);
    for (std::size_t row = 0; row < view_.rows; ++row) {
      for (std::size_t i = 0; i < pieces_.count; ++i) {
        const std::size_t first = i * per_piece;
        kernels::run_ranges(view_.dtype, view_.at(row, i), pieces_.length, spec_.group, lo_ + first,
                            hi_ + first);
      }
      if (!next_scales(pieces_.count * per_piece)) return false;
      row_symbols(row, spec_.group, per_piece);
    }
    return true;
  }

  bool by_token() {
    for (std::size_t row = 0; row < view_.rows; ++row) {
      if (!row_range(row) || !next_scales(1)) return false;
      row_symbols(row, pieces_.length, 0);
    }
    return true;
  }

  bool whole() {
    float lo = 0;
    float hi = 0;
    for (std::size_t row = 0; row < view_.rows; ++row) {
      if (!row_range(row)) return false;
      lo = row == 0 ? lo_[0] : std::min(lo, lo_[0]);
      hi = row == 0 ? hi_[0] : std::max(hi, hi_[0]);
    }
    lo_[0] = lo;
    hi_[0] = hi;
    if (!next_scales(1)) return false;
    for (std::size_t row = 0; row < view_.rows; ++row) row_symbols(row, pieces_.length, 0);
    return true;
  }

  // The range of a whole row to lo_[0] and hi_[0]; false if a value does not fit.
  bool row_range(std::size_t row) {
    for (std::size_t i = 0; i < pieces_.count; ++i) {
      kernels::run_ranges(view_.dtype, view_.at(row, i), pieces_.length, pieces_.length, lo_ + i, hi_ + i);
      if (!(lo_[i] >= -kHalfMax && hi_[i] <= kHalfMax)) return false;
    }
    lo_[0] = *std::min_element(lo_, lo_ + pieces_.count);
    hi_[0] = *std::max_element(hi_, hi_ + pieces_.count);
    return true;
  }

  bool next_scales(std::size_t n) {
    const bool fits = kernels::make_scales(rule_, lo_, hi_, n, scales_, zeros_, zero_, inverse_);
    scales_ += n;
    if (zeros_ != nullptr) zeros_ += n;
    return fits;
  }

  // per_piece: scales that a piece has of its own, 0 where all share one.
  void row_symbols(std::size_t row, std::size_t run, std::size_t per_piece) {
    std::uint8_t* symbols = sink_.row(row);
    for (std::size_t i = 0; i < pieces_.count; ++i) {
      kernels::symbols_by_run(rule_, view_.dtype, view_.at(row, i), pieces_.length, run,
                              zero_ + i * per_piece, inverse_ + i * per_piece, symbols + i * pieces_.length);
    }
    sink_.finish_row(row);
  }

  const QuantSpec& spec_;
  const KvView& view_;
  UniformRule rule_;
  Pieces pieces_;
  std::uint16_t* scales_;  // of the next group
  std::uint16_t* zeros_;   // null where there are none
  SymbolSink& sink_;
  float *lo_, *hi_, *zero_, *inverse_;
};

// Signs need no range: one pass gives them and the sums of magnitudes.
bool encode_signs(const QuantSpec& spec, const KvView& view, std::vector<float>& work, std::uint16_t* scales,
                  SymbolSink& sink) {
  const BlockShape shape = shape_of(view);
  const std::size_t columns = shape.columns();
  std::vector<double> sums(scale_count(spec, shape));
  std::vector<std::size_t> scale_of(columns);  // in the first row
  for (std::size_t column = 0; column < columns; ++column) {
    scale_of[column] = scale_index(spec, shape, 0, column);
  }
  work.resize(columns);
  for (std::size_t row = 0; row < shape.rows; ++row) {
    if (!load_row(view, row, work.data())) return false;
    std::uint8_t* symbols = sink.row(row);
    double* row_sums = sums.data() + scale_index(spec, shape, row, 0);
    for (std::size_t column = 0; column < columns;) {
      const std::size_t scale = scale_of[column];
      double sum = row_sums[scale];
      for (; column < columns && scale_of[column] == scale; ++column) {
        sum += static_cast<double>(std::abs(work[column]));
        symbols[column] = to_sign(work[column]);
      }
      row_sums[scale] = sum;
    }
    sink.finish_row(row);
  }
  for (std::size_t i = 0; i < sums.size(); ++i)
    scales[i] = sign_scale(sums[i], cells_of(spec, shape, i).count);
  return true;
}

bool encode_rotated(const QuantSpec& spec, const KvView& view, std::vector<float>& work, std::uint16_t* norms,
                    SymbolSink& sink) {
  const Rotation rotation(view.head_dim, spec.bits());
  work.resize(view.channels() + 2 * view.head_dim);
  float* values = work.data();
  for (std::size_t row = 0; row < view.rows; ++row) {
    if (!load_row(view, row, values)) return false;
    std::uint8_t* symbols = sink.row(row);
    for (std::size_t head = 0; head < view.heads; ++head) {
      const std::size_t column = head * view.head_dim;
      *norms++ = kernels::rotate(rotation, values + column, values + view.channels(), symbols + column);
    }
    sink.finish_row(row);
  }
  return true;
}

}  // namespace

bool encode_rows(const QuantSpec& spec, const KvView& view, std::vector<float>& work,
                 std::uint16_t* parameters, SymbolSink& sink) {
  if (view.elements() == 0) return true;
  bool fits = false;
  if (spec.kind == QuantKind::kRotated) {
    fits = encode_rotated(spec, view, work, parameters, sink);
  } else if (is_sign(spec)) {
    fits = encode_signs(spec, view, work, parameters, sink);
  } else {
    fits = UniformEncoder(spec, view, work, parameters, sink).encode();
  }
  if (fits) sink.finish();
  return fits;
}

}  // namespace kvferry
