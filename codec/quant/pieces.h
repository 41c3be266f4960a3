// SPDX-License-Identifier: MIT
//
// The contiguous pieces of a view's rows: whole rows where heads touch, otherwise heads.
#pragma once

#include <cstddef>

#include "codec/kv_view.h"

namespace kvferry {

struct Pieces {
  std::size_t count;   // a row; piece i begins at head i
  std::size_t length;  // numbers each
};

[[nodiscard]] inline Pieces pieces_of(const KvView& view) {
  if (view.channels() == 0) return {0, 0};
  if (view.head_stride == view.head_dim || view.heads == 1) return {1, view.channels()};
  return {view.heads, view.head_dim};
}

}  // namespace kvferry
