// SPDX-License-Identifier: MIT
#include "protocol/wire/frame.h"

#include "protocol/base/crc32c.h"
#include "protocol/wire/limits.h"

namespace kvferry {

bool is_message(std::uint64_t type) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::kHello:
    case FrameType::kRequest:
    case FrameType::kOffer:
    case FrameType::kAccept:
    case FrameType::kManifest:
    case FrameType::kPage:
    case FrameType::kConfirm:
    case FrameType::kReject:
    case FrameType::kStop:
    case FrameType::kEnd:
    case FrameType::kCancel:
    case FrameType::kRefuse:
    case FrameType::kResend:
    case FrameType::kPing:
    case FrameType::kPong:
    case FrameType::kError:
    case FrameType::kGoodbye:
    case FrameType::kProgress:
    case FrameType::kHave:
    case FrameType::kCredit:
    case FrameType::kSkip:
    case FrameType::kLevel:
    case FrameType::kPrefer:
      return true;
    default:
      return false;
  }
}

std::uint64_t max_body_bytes(std::uint64_t type) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::kData:
      return kMaxDataBodyBytes;
    case FrameType::kManifest:
    case FrameType::kPage:
      return kMaxManifestBodyBytes;
    default:
      return kMaxControlBodyBytes;
  }
}

void put_stream_frame_head(Bytes& out, std::uint64_t type, ByteView body_begin, ByteView body_end) {
  Bytes head;
  put_varint(head, type);
  put_varint(head, body_begin.size() + body_end.size());
  std::uint32_t checksum = crc32c(body_end, crc32c(body_begin, crc32c(head)));
  append(out, head);
  put_le(out, checksum);
}

std::size_t data_place_bytes(const DataPlace& place) {
  return varint_size(place.transfer) + varint_size(place.chunk) + varint_size(place.offset);
}

void put_data_place(Bytes& out, const DataPlace& place) {
  put_varint(out, place.transfer);
  put_varint(out, place.chunk);
  put_varint(out, place.offset);
}

std::optional<DataPlace> take_data_place(ByteReader& in) {
  DataPlace place;
  for (std::uint64_t* field : {&place.transfer, &place.chunk, &place.offset}) {
    auto value = in.take_varint();
    if (!value) return std::nullopt;
    *field = *value;
  }
  return place;
}

}  // namespace kvferry
