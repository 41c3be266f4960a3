// SPDX-License-Identifier: MIT
//
// What one side is willing to hold for its peer. Sent in HELLO, obeyed by the
// sender, and checked by the receiver before it allocates anything.
#pragma once

#include <cstdint>

#include "protocol/base/map_writer.h"

namespace kvferry {

inline constexpr std::uint64_t kMaxControlBodyBytes = 64 * 1024;     // every signalling body but two
inline constexpr std::uint64_t kMaxManifestBodyBytes = 1024 * 1024;  // MANIFEST and PAGE

struct Limits {
  std::uint64_t max_root_bytes = 1000 * 1024;                    // manifest root
  std::uint64_t max_chunks = std::uint64_t{1} << 20;             // chunks of one card
  std::uint64_t max_chunk_bytes = std::uint64_t{16} << 20;       // one chunk's payload
  std::uint64_t max_card_bytes = std::uint64_t{1} << 40;         // all chunks of one card
  std::uint64_t max_transfers = 16;                              // open at a time, both directions
  std::uint64_t initial_credit_bytes = std::uint64_t{64} << 20;  // chunks begun and not released, a transfer
  std::uint64_t eager_bytes = 256 * 1024;  // of chunks ahead of an ACCEPT, in all; absent: 0
  UnknownFields unknown;

  bool operator==(const Limits&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "max_root_bytes", max_root_bytes);
    v.number(1, "max_chunks", max_chunks);
    v.number(2, "max_chunk_bytes", max_chunk_bytes);
    v.number(3, "max_card_bytes", max_card_bytes);
    v.number(4, "max_transfers", max_transfers);
    v.number(5, "initial_credit_bytes", initial_credit_bytes);
    v.default_number(6, "eager_bytes", eager_bytes, 0);
    v.unknown(unknown);
  }
};

}  // namespace kvferry
