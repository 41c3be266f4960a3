// SPDX-License-Identifier: MIT
//
// What a server says without keeping anything: RETRY ("come back with this
// token, then I know that you are where you say") and VERSIONS ("I do not speak
// that kind of packet, but these"). Both echo the connection identifier of the
// datagram that they answer. SPEC.md, "Packets".
#pragma once

#include <optional>

#include "protocol/base/bytes.h"

namespace kvferry {

inline constexpr std::uint8_t kVersionsKind = 0xA0;
inline constexpr std::uint8_t kRetryKind = 0xA3;
inline constexpr std::size_t kMaxTokenBytes = 64;
inline constexpr std::size_t kMaxVersions = 8;

struct RetryPacket {
  std::uint64_t connection_id = 0;
  Bytes token;  // 1 to kMaxTokenBytes
};
// The whole datagram.
[[nodiscard]] Bytes seal_retry(const RetryPacket& packet);
// Nothing when the datagram is damaged or no RETRY.
[[nodiscard]] std::optional<RetryPacket> open_retry(ByteView datagram);

struct VersionsPacket {
  std::uint64_t connection_id = 0;
  Bytes kinds;  // of packets, one byte each, best first; 1 to kMaxVersions
};
[[nodiscard]] Bytes seal_versions(const VersionsPacket& packet);
[[nodiscard]] std::optional<VersionsPacket> open_versions(ByteView datagram);

// The VERSIONS that a datagram deserves whose kind is of a later version (SPEC.md, ADR-7). Nothing for small
// ones: the answer must neither amplify nor be answered in turn.
[[nodiscard]] std::optional<Bytes> answer_unknown_kind(ByteView datagram);

}  // namespace kvferry
