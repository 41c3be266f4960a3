// SPDX-License-Identifier: MIT
//
// A QUIC connection id, by which an owner of several sessions finds the one that
// a datagram is for. Ours have 12 bytes.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "protocol/base/bytes.h"

namespace kvferry {

struct QuicId {
  static constexpr std::size_t kMaxBytes = 20;
  static constexpr std::size_t kOurBytes = 12;

  std::array<std::uint8_t, kMaxBytes> bytes{};
  std::uint8_t size_bytes = 0;

  [[nodiscard]] static QuicId of(ByteView view) {
    QuicId id;
    id.size_bytes = static_cast<std::uint8_t>(std::min(view.size(), kMaxBytes));
    std::copy_n(view.begin(), id.size_bytes, id.bytes.begin());
    return id;
  }
  [[nodiscard]] ByteView view() const { return {bytes.data(), size_bytes}; }
  bool operator==(const QuicId&) const = default;
  bool operator<(const QuicId& other) const {
    return std::lexicographical_compare(view().begin(), view().end(), other.view().begin(),
                                        other.view().end());
  }
};

// Whom a datagram is for; nothing if it is no QUIC.
[[nodiscard]] std::optional<QuicId> quic_destination(ByteView datagram);

}  // namespace kvferry
