// SPDX-License-Identifier: MIT
//
// What is on its way out on one stream: the library keeps no copy, so slices
// stay here, unchanged, until they are acknowledged.
#pragma once

#include <deque>

#include "protocol/base/slice.h"
#include "transport/quic/ngtcp2_shim.h"

namespace kvferry::quic {

class SendStream {
 public:
  static constexpr std::size_t kMaxParts = 8;  // of one packet

  void push(Slice slice);
  // What goes next: up to kMaxParts pieces. Returns how many.
  std::size_t next(ngtcp2_vec (&parts)[kMaxParts]) const;
  void sent(std::uint64_t size_bytes);                // of what next() gave
  void acknowledged_up_to(std::uint64_t end_offset);  // everything before it

  [[nodiscard]] std::uint64_t unsent_bytes() const { return end_ - sent_end_; }
  [[nodiscard]] bool all_acknowledged() const { return begin_ == end_; }

 private:
  std::deque<Slice> slices_;    // from begin_ on, rounded down to a slice's beginning
  std::uint64_t begin_ = 0;     // acknowledged up to here
  std::uint64_t first_ = 0;     // offset of the first slice
  std::uint64_t end_ = 0;       // of all that was pushed
  std::uint64_t sent_end_ = 0;  // handed to the library
  std::size_t cursor_ = 0;      // the slice that holds sent_end_
  std::size_t cursor_offset_ = 0;
};

}  // namespace kvferry::quic
