// SPDX-License-Identifier: MIT
//
// Packets of the datagram binding: kind, connection identifier, packet number,
// CRC32C, then frames. SPEC.md, "Packets".
#pragma once

#include <optional>
#include <vector>

#include "protocol/base/range_set.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/wire/frame.h"

namespace kvferry {

inline constexpr std::uint8_t kPacketKind = 0xA1;  // datagram binding, version 1
inline constexpr std::size_t kMaxAckRanges = 64;
inline constexpr Duration kMaxAckDelay = milliseconds(25);

struct PacketHeader {
  std::uint64_t connection_id = 0;
  std::uint64_t number = 0;
  [[nodiscard]] std::size_t size_bytes() const { return 1 + 8 + varint_size(number) + 4; }
};

// The whole datagram, in the frames' memory if that has room.
[[nodiscard]] Bytes seal_packet(const PacketHeader& header, Bytes&& frames);
[[nodiscard]] inline Bytes seal_packet(const PacketHeader& header, ByteView frames) {
  return seal_packet(header, Bytes(frames.begin(), frames.end()));
}

struct OpenedPacket {
  PacketHeader header;
  ByteView frames;  // of the datagram
};
// Nothing when the datagram is damaged or not one of ours.
[[nodiscard]] std::optional<OpenedPacket> open_packet(ByteView datagram);

struct PacketFrame {
  std::uint64_t type = 0;
  ByteView body;
  std::size_t head_bytes = 0;
};
// The next frame; nothing at a malformed one.
[[nodiscard]] std::optional<PacketFrame> take_packet_frame(ByteReader& in);
// All but ACK, RECOVERED, CLOSE and PADDING.
[[nodiscard]] bool asks_for_acknowledgement(std::uint64_t type);
void put_packet_frame_head(Bytes& out, FrameType type, std::size_t body_bytes);

// ACK: what has arrived, newest first.
struct AckFrame {
  std::vector<Range> ranges;  // descending, apart by at least one number, at most kMaxAckRanges
  Duration delay{};           // since the newest arrived; whole microseconds on the wire

  bool operator==(const AckFrame&) const = default;
  void serialize(Bytes& out) const;  // the body
  [[nodiscard]] static Result<AckFrame> parse(ByteView body);
};

}  // namespace kvferry
