// SPDX-License-Identifier: MIT
//
// Immutable, reference-counted bytes: a chunk is held, cut and sent without
// being copied. The owner may be a vector, a mapped file or anything else.
#pragma once

#include <cassert>
#include <memory>
#include <utility>

#include "protocol/base/bytes.h"

namespace kvferry {

class Slice {
 public:
  Slice() = default;

  // Takes the bytes over.
  explicit Slice(Bytes bytes) {
    auto owned = std::make_shared<const Bytes>(std::move(bytes));
    view_ = *owned;
    owner_ = std::move(owned);
  }

  // Bytes that stay valid and unchanged as long as `owner` lives.
  Slice(std::shared_ptr<const void> owner, ByteView view) : owner_(std::move(owner)), view_(view) {}

  [[nodiscard]] static Slice copy_of(ByteView view) { return Slice(Bytes(view.begin(), view.end())); }

  [[nodiscard]] ByteView view() const { return view_; }
  [[nodiscard]] const std::uint8_t* data() const { return view_.data(); }
  [[nodiscard]] std::size_t size() const { return view_.size(); }
  [[nodiscard]] bool empty() const { return view_.empty(); }

  // A part that shares the owner; offset + size_bytes must be within this slice.
  [[nodiscard]] Slice part(std::size_t offset, std::size_t size_bytes) const {
    assert(offset <= size() && size_bytes <= size() - offset);
    return {owner_, view_.subspan(offset, size_bytes)};
  }

 private:
  std::shared_ptr<const void> owner_;
  ByteView view_;
};

}  // namespace kvferry
