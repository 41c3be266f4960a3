// SPDX-License-Identifier: MIT
#include "protocol/datagram/retry_packet.h"

#include <cassert>

#include "protocol/datagram/datagram_seal.h"
#include "protocol/datagram/mtu_search.h"
#include "protocol/datagram/packet.h"

namespace kvferry {
namespace {

Bytes seal(std::uint8_t kind, std::uint64_t connection_id, ByteView body, std::size_t max_bytes) {
  assert(!body.empty() && body.size() <= max_bytes);
  (void)max_bytes;
  Bytes head{kind};
  put_le(head, connection_id);
  return seal_datagram(std::move(head), Bytes(body.begin(), body.end()));
}

struct Opened {
  std::uint64_t connection_id;
  Bytes body;
};

std::optional<Opened> open(std::uint8_t expected, ByteView datagram, std::size_t max_bytes) {
  ByteReader in(datagram);
  auto kind = in.take_le<std::uint8_t>();
  auto id = in.take_le<std::uint64_t>();
  if (!id || *kind != expected) return std::nullopt;
  auto body = take_sealed_body(in, datagram);
  if (!body || body->empty() || body->size() > max_bytes) return std::nullopt;
  return Opened{*id, Bytes(body->begin(), body->end())};
}

}  // namespace

Bytes seal_retry(const RetryPacket& packet) {
  return seal(kRetryKind, packet.connection_id, packet.token, kMaxTokenBytes);
}

std::optional<RetryPacket> open_retry(ByteView datagram) {
  auto opened = open(kRetryKind, datagram, kMaxTokenBytes);
  if (!opened) return std::nullopt;
  return RetryPacket{opened->connection_id, std::move(opened->body)};
}

Bytes seal_versions(const VersionsPacket& packet) {
  return seal(kVersionsKind, packet.connection_id, packet.kinds, kMaxVersions);
}

std::optional<VersionsPacket> open_versions(ByteView datagram) {
  auto opened = open(kVersionsKind, datagram, kMaxVersions);
  if (!opened) return std::nullopt;
  return VersionsPacket{opened->connection_id, std::move(opened->body)};
}

std::optional<Bytes> answer_unknown_kind(ByteView datagram) {
  if (datagram.size() < MtuSearch::kBaseBytes || datagram[0] >> 4 != 0xA) return std::nullopt;
  for (std::uint8_t known : {kVersionsKind, kPacketKind, kRetryKind}) {
    if (datagram[0] == known) return std::nullopt;
  }
  return seal_versions({load_le<std::uint64_t>(datagram.data() + 1), {kPacketKind}});
}

}  // namespace kvferry
