// SPDX-License-Identifier: MIT
#include "codec/quant/load.h"

#include <cassert>

#include "codec/quant/kernels.h"
#include "codec/quant/pieces.h"

namespace kvferry {

std::size_t load_rows(const KvView& view, float* out) {
  assert(view.device == Device::kCpu);
  std::size_t bad = view.rows;
  for (std::size_t row = 0; row < view.rows; ++row) {
    if (!load_row(view, row, out + row * view.channels()) && bad == view.rows) bad = row;
  }
  return bad;
}

bool load_row(const KvView& view, std::size_t row, float* out) {
  const Pieces pieces = pieces_of(view);
  bool fits = true;
  for (std::size_t i = 0; i < pieces.count; ++i) {
    fits &= kernels::load(view.dtype, view.at(row, i), pieces.length, out + i * pieces.length);
  }
  return fits;
}

}  // namespace kvferry
