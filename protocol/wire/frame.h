// SPDX-License-Identifier: MIT
//
// Frame types and the frame header: varint type, varint body length, and on
// streams a CRC32C of type, length and body. SPEC.md, "Frames".
#pragma once

#include <optional>

#include "protocol/base/varint.h"

namespace kvferry {

// The lowest bit is the critical bit: who does not know such a type must close. Others are skipped.
enum class FrameType : std::uint64_t {
  kHello = 0x01,
  kRequest = 0x03,
  kOffer = 0x05,
  kAccept = 0x07,
  kManifest = 0x09,
  kPage = 0x0B,
  kData = 0x0D,
  kConfirm = 0x0F,
  kReject = 0x11,
  kStop = 0x13,
  kEnd = 0x15,
  kCancel = 0x17,
  kRefuse = 0x19,
  kResend = 0x1B,
  kPing = 0x1D,
  kPong = 0x1F,
  kError = 0x21,
  kGoodbye = 0x23,
  kHave = 0x25,
  kCredit = 0x27,
  kSkip = 0x29,
  kLevel = 0x2B,
  kPrefer = 0x2D,
  kProgress = 0x02,
  // Datagram binding, in packets only.
  kPadding = 0x00,
  kAck = 0x31,
  kControl = 0x33,
  kProbe = 0x35,
  kClose = 0x37,
  kToken = 0x39,
  kChallenge = 0x3B,
  kResponse = 0x3D,
  kRepair = 0x3F,
  kRecovered = 0x41,
  // Streams binding, on data streams only.
  kAfter = 0x43,
};

[[nodiscard]] constexpr bool is_critical(std::uint64_t type) { return (type & 1) != 0; }

// Reserved for ever, never meaningful, sent at random: 0x20 + 62 n for n >= 1.
[[nodiscard]] constexpr std::uint64_t reserved_type(std::uint64_t n) { return 0x20 + 62 * (n + 1); }
[[nodiscard]] constexpr bool is_reserved_type(std::uint64_t type) {
  return type >= reserved_type(0) && (type - 0x20) % 62 == 0;
}

// Signalling that travels as a frame of its own on the stream binding and in the control stream of the other
// two.
[[nodiscard]] bool is_message(std::uint64_t type);

inline constexpr std::uint64_t kMaxDataBodyBytes = 1024 * 1024;  // handed on in pieces, never held

// The most bytes that a body of this type may have.
[[nodiscard]] std::uint64_t max_body_bytes(std::uint64_t type);

inline constexpr std::size_t kMaxFrameHeadBytes = 8 + 8 + 4;

// The head of a stream frame: the checksum covers type, length, and the body given in two parts.
void put_stream_frame_head(Bytes& out, std::uint64_t type, ByteView body_begin, ByteView body_end = {});

// Where a DATA frame's bytes belong.
struct DataPlace {
  std::uint64_t transfer = 0;
  std::uint64_t chunk = 0;
  std::uint64_t offset = 0;
  bool operator==(const DataPlace&) const = default;
};
inline constexpr std::size_t kMaxDataPlaceBytes = 24;

[[nodiscard]] std::size_t data_place_bytes(const DataPlace& place);
void put_data_place(Bytes& out, const DataPlace& place);
[[nodiscard]] std::optional<DataPlace> take_data_place(ByteReader& in);

}  // namespace kvferry
