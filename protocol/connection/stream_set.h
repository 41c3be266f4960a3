// SPDX-License-Identifier: MIT
//
// A set of streams by number. 0 is the only stream of the stream binding, and
// the control stream of the streams binding, whose data streams begin at 1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvferry {

inline constexpr std::uint32_t kMaxDataStreams = 16;  // in one direction. SPEC.md, SMS-1
// No stream: the datagrams beside them, whole, in no order, and sent once. SPEC.md, 5.3
inline constexpr std::uint32_t kDatagrams = kMaxDataStreams + 1;
inline constexpr std::size_t kMinDatagramBytes = 512;  // smaller ones are not worth it

class StreamSet {
 public:
  // first, and the count - 1 after it.
  [[nodiscard]] static constexpr StreamSet range(std::uint32_t first, std::uint32_t count) {
    StreamSet set;
    for (std::uint32_t stream = first; stream < first + count; ++stream) set.set(stream, true);
    return set;
  }
  constexpr void set(std::uint32_t stream, bool is_in) {
    if (stream > kDatagrams) return;
    bits_ = is_in ? bits_ | 1u << stream : bits_ & ~(1u << stream);
  }
  [[nodiscard]] constexpr bool has(std::uint32_t stream) const {
    return stream <= kDatagrams && (bits_ >> stream & 1) != 0;
  }

 private:
  std::uint32_t bits_ = 0;
};

// What is sent where streams are not told apart.
inline constexpr StreamSet kOnlyStream = StreamSet::range(0, 1);

}  // namespace kvferry
