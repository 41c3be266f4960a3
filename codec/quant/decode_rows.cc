// SPDX-License-Identifier: MIT
#include "codec/quant/decode_rows.h"

#include <algorithm>
#include <string>

#include "codec/half.h"
#include "codec/quant/bitpack_kernels.h"
#include "codec/quant/grouping.h"
#include "codec/quant/kernels.h"

namespace kvferry {
namespace {

Result<void> check_not_negative(const char* name, const std::uint16_t* values, std::size_t n) {
  const auto bad = [](std::uint16_t bits) { return bits >= 0x7c00; };  // a sign, infinity or NaN
  const std::uint16_t* found = std::find_if(values, values + n, bad);
  if (found == values + n) return {};
  return Error{std::string(name) + " " + std::to_string(found - values) +
               " is negative or not finite, expected a number from 0"};
}

Result<void> check_finite(const char* name, const std::uint16_t* values, std::size_t n) {
  const auto bad = [](std::uint16_t bits) { return !half_is_finite(bits); };
  const std::uint16_t* found = std::find_if(values, values + n, bad);
  if (found == values + n) return {};
  return Error{std::string(name) + " " + std::to_string(found - values) +
               " is not finite, expected a number"};
}

Result<void> check_parameters(const QuantSpec& spec, const BlockShape& shape,
                              const std::uint16_t* parameters) {
  const std::size_t n = parameter_count(spec, shape);
  if (spec.kind == QuantKind::kRotated) return check_not_negative("norm", parameters, n);
  const std::size_t scales = scale_count(spec, shape);
  if (auto valid = check_not_negative("scale", parameters, scales); !valid) return valid;
  return check_finite("zero", parameters + scales, n - scales);
}

// Only an alphabet that does not fill its bits can be left.
Result<void> check_symbols(const QuantSpec& spec, const BlockShape& shape, std::size_t row,
                           const std::uint8_t* symbols) {
  if (spec.symbols == 256) return {};
  const std::size_t n = shape.columns();
  if (kernels::greatest(symbols, n) < spec.symbols) return {};
  const auto bad = [&spec](std::uint8_t symbol) { return symbol >= spec.symbols; };
  const std::uint8_t* found = std::find_if(symbols, symbols + n, bad);
  return Error{"symbol " + std::to_string(row * n + static_cast<std::size_t>(found - symbols)) + " is " +
               std::to_string(*found) + ", expected below " + std::to_string(spec.symbols)};
}

// The zeros and steps of the groups that a row needs, as the kernels want them.
class Steps {
 public:
  Steps(const QuantSpec& spec, const BlockShape& shape, const std::uint16_t* parameters,
        std::vector<float>& work)
      : scales_(parameters),
        zeros_(spec.kind == QuantKind::kAffine ? parameters + scale_count(spec, shape) : nullptr),
        doubled_(is_sign(spec)) {
    work.assign(2 * std::max<std::size_t>(shape.columns(), 1), 0.0F);
    zero = work.data();
    step = zero + work.size() / 2;
  }

  void next(std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) step[i] = half_to_float(scales_[i]);
    for (std::size_t i = 0; doubled_ && i < n; ++i) step[i] *= 2;
    scales_ += n;
    if (zeros_ == nullptr) return;
    for (std::size_t i = 0; i < n; ++i) zero[i] = half_to_float(zeros_[i]);
    zeros_ += n;
  }

  float* zero;
  float* step;

 private:
  const std::uint16_t* scales_;
  const std::uint16_t* zeros_;
  bool doubled_;
};

// A row of runs that share a step; runs begin afresh at each of `lines` equal parts.
template <typename Out>
void run_row(const Steps& steps, float offset, const std::uint8_t* symbols, std::size_t lines,
             std::size_t length, std::size_t run, Out* out) {
  const std::size_t per_line = divide_up(length, run);
  for (std::size_t i = 0; i < lines; ++i) {
    kernels::numbers_by_run(offset, symbols + i * length, length, run, steps.zero + i * per_line,
                            steps.step + i * per_line, out + i * length);
  }
}

template <typename Out>
Result<void> decode_uniform(const QuantSpec& spec, const BlockShape& shape, const std::uint16_t* parameters,
                            SymbolSource& source, std::vector<float>& work, Out* out) {
  const std::size_t columns = shape.columns();
  const float offset = uniform_rule(spec).offset;
  const bool even = spec.along == Along::kGroup && shape.head_dim % spec.group == 0;
  const std::size_t per_row =
      even ? columns / spec.group : scale_count(spec, {1, shape.heads, shape.head_dim});
  Steps steps(spec, shape, parameters, work);
  for (std::size_t row = 0; row < shape.rows; ++row) {
    const std::uint8_t* symbols = source.row(row);
    if (auto valid = check_symbols(spec, shape, row, symbols); !valid) return valid;
    Out* to = out + row * columns;
    switch (spec.along) {
      case Along::kChannel:
        if (row % spec.group == 0) steps.next(columns);
        kernels::numbers_by_column(offset, symbols, columns, steps.zero, steps.step, to);
        break;
      case Along::kGroup:
        steps.next(per_row);
        if (even) {
          run_row(steps, offset, symbols, 1, columns, spec.group, to);
        } else {
          run_row(steps, offset, symbols, shape.heads, shape.head_dim, spec.group, to);
        }
        break;
      case Along::kToken:
      case Along::kTensor:
        if (row == 0 || spec.along == Along::kToken) steps.next(1);
        run_row(steps, offset, symbols, 1, columns, columns, to);
        break;
    }
  }
  return {};
}

void store_row(const float* from, std::size_t n, float* to) { std::copy_n(from, n, to); }
void store_row(const float* from, std::size_t n, std::uint16_t* to) { kernels::to_halves(from, n, to); }

template <typename Out>
Result<void> decode_rotated(const QuantSpec& spec, const BlockShape& shape, const std::uint16_t* norms,
                            SymbolSource& source, std::vector<float>& work, Out* out) {
  const Rotation rotation(shape.head_dim, spec.bits());
  const std::size_t columns = shape.columns();
  work.resize(columns + 2 * shape.head_dim);
  float* values = work.data();
  for (std::size_t row = 0; row < shape.rows; ++row) {
    const std::uint8_t* symbols = source.row(row);
    if (auto valid = check_symbols(spec, shape, row, symbols); !valid) return valid;
    for (std::size_t column = 0; column < columns; column += shape.head_dim) {
      kernels::rotate_back(rotation, *norms++, symbols + column, values + columns, values + column);
    }
    store_row(values, columns, out + row * columns);
  }
  return {};
}

template <typename Out>
Result<void> decode_any(const QuantSpec& spec, const BlockShape& shape, const std::uint16_t* parameters,
                        SymbolSource& source, std::vector<float>& work, Out* out) {
  if (shape.elements() == 0) return {};
  if (auto valid = check_parameters(spec, shape, parameters); !valid) return valid;
  if (auto begun = source.begin(); !begun) return begun;
  if (spec.kind == QuantKind::kRotated) return decode_rotated(spec, shape, parameters, source, work, out);
  return decode_uniform(spec, shape, parameters, source, work, out);
}

}  // namespace

Result<void> decode_rows(const QuantSpec& spec, const BlockShape& shape, const std::uint16_t* parameters,
                         SymbolSource& source, std::vector<float>& work, float* out) {
  return decode_any(spec, shape, parameters, source, work, out);
}

Result<void> decode_rows(const QuantSpec& spec, const BlockShape& shape, const std::uint16_t* parameters,
                         SymbolSource& source, std::vector<float>& work, std::uint16_t* out) {
  return decode_any(spec, shape, parameters, source, work, out);
}

}  // namespace kvferry
