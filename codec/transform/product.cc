// SPDX-License-Identifier: MIT
//
// b is taken in panels of 16 columns, copied so that they are contiguous, and the rows of a in tiles
// of four. Vectors run over columns only, so that their width cannot change a sum.
#include "codec/transform/product.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codec/transform/product.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#ifndef KVFERRY_CODEC_TRANSFORM_PRODUCT_TILE
#define KVFERRY_CODEC_TRANSFORM_PRODUCT_TILE
namespace kvferry {
constexpr std::size_t kPanelColumns = 16;
constexpr std::size_t kTileRows = 4;
using TileRows = std::array<const float*, kTileRows>;
}  // namespace kvferry
#endif

HWY_BEFORE_NAMESPACE();
namespace kvferry::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// tile [4][16] = start [16] + rows of a, `inner` long, times panel [inner][16].
void multiply_tile(const TileRows& a, std::size_t inner, const float* panel, const float* start,
                   float* tile) {
  const hn::CappedTag<float, kPanelColumns> d;
  for (std::size_t column = 0; column < kPanelColumns; column += hn::Lanes(d)) {
    auto sum0 = hn::LoadU(d, start + column);
    auto sum1 = sum0;
    auto sum2 = sum0;
    auto sum3 = sum0;
    for (std::size_t k = 0; k < inner; ++k) {
      const auto b = hn::LoadU(d, panel + k * kPanelColumns + column);
      sum0 = hn::Add(sum0, hn::Mul(hn::Set(d, a[0][k]), b));
      sum1 = hn::Add(sum1, hn::Mul(hn::Set(d, a[1][k]), b));
      sum2 = hn::Add(sum2, hn::Mul(hn::Set(d, a[2][k]), b));
      sum3 = hn::Add(sum3, hn::Mul(hn::Set(d, a[3][k]), b));
    }
    hn::StoreU(sum0, d, tile + 0 * kPanelColumns + column);
    hn::StoreU(sum1, d, tile + 1 * kPanelColumns + column);
    hn::StoreU(sum2, d, tile + 2 * kPanelColumns + column);
    hn::StoreU(sum3, d, tile + 3 * kPanelColumns + column);
  }
}

}  // namespace kvferry::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvferry {
namespace {

HWY_EXPORT(multiply_tile);

// Columns [first, first + width) of b as [b.rows][16], zeros to the right. Reads run along memory.
void pack_panel(const MatrixView& b, std::size_t first, std::size_t width, std::vector<float>& panel) {
  panel.assign(b.rows * kPanelColumns, 0.0F);
  const float* from = b.data + first * b.column_stride;
  if (b.column_stride == 1) {
    for (std::size_t k = 0; k < b.rows; ++k) {
      std::copy_n(from + k * b.row_stride, width, &panel[k * kPanelColumns]);
    }
    return;
  }
  for (std::size_t column = 0; column < width; ++column) {
    for (std::size_t k = 0; k < b.rows; ++k) {
      panel[k * kPanelColumns + column] = from[k * b.row_stride + column * b.column_stride];
    }
  }
}

}  // namespace

void add_product(const MatrixView& a, const MatrixView& b, const float* start, float* out) {
  assert(a.columns == b.rows && a.column_stride == 1);
  std::vector<float> panel;
  std::array<float, kTileRows * kPanelColumns> tile{};
  for (std::size_t first = 0; first < b.columns; first += kPanelColumns) {
    const std::size_t width = std::min(kPanelColumns, b.columns - first);
    pack_panel(b, first, width, panel);
    std::array<float, kPanelColumns> begin{};
    if (start != nullptr) std::copy_n(start + first, width, begin.data());
    for (std::size_t row = 0; row < a.rows; row += kTileRows) {
      TileRows rows{};
      for (std::size_t i = 0; i < kTileRows; ++i) {
        rows[i] = a.data + std::min(row + i, a.rows - 1) * a.row_stride;  // a short tile repeats the last row
      }
      HWY_DYNAMIC_DISPATCH(multiply_tile)(rows, a.columns, panel.data(), begin.data(), tile.data());
      for (std::size_t i = 0; i < std::min(kTileRows, a.rows - row); ++i) {
        std::copy_n(&tile[i * kPanelColumns], width, out + (row + i) * b.columns + first);
      }
    }
  }
}

}  // namespace kvferry
#endif
