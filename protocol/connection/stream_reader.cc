// SPDX-License-Identifier: MIT
#include "protocol/connection/stream_reader.h"

#include <algorithm>

#include "protocol/base/crc32c.h"

namespace kvferry {

std::size_t StreamReader::read(Time now, ByteView bytes) {
  const std::size_t all = bytes.size();
  while (!bytes.empty() && !is_ahead()) {
    if (broken_ || session_.state() == SessionState::kClosed || session_.closing_by_fault()) return all;
    std::size_t taken = 0;
    switch (part_) {
      case Part::kHead:
        taken = read_head(now, bytes);
        break;
      case Part::kMessage:
        taken = read_message(now, bytes);
        break;
      case Part::kPlace:
        taken = read_place(now, bytes);
        break;
      case Part::kPayload:
        taken = read_payload(now, bytes);
        break;
      case Part::kSkip:
        taken = skip(now, bytes);
        break;
    }
    bytes = bytes.subspan(taken);
  }
  return all - bytes.size();
}

// A session that is closing already takes no fault, so the reader remembers its own.
void StreamReader::fail(Time now, ErrorCode code, const std::string& reason) {
  broken_ = true;
  held_.clear();
  session_.fault(now, code, reason);
}

std::size_t StreamReader::read_head(Time now, ByteView bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    held_.push_back(bytes[taken++]);
    if (parse_head(now) || broken_) return taken;
  }
  return taken;
}

// True once the head is whole; then the next part has been chosen.
bool StreamReader::parse_head(Time now) {
  ByteReader in(held_);
  for (std::uint64_t* field : {&type_, &left_}) {
    VarintRead read = read_varint(in.rest());
    if (read.error == VarintError::kTruncated) return false;
    if (read.error == VarintError::kNotShortest) {
      fail(now, ErrorCode::kMalformed, "frame head: a varint is not in its shortest form");
      return false;
    }
    *field = *in.take_varint();
  }
  std::size_t varints = in.position();
  auto checksum = in.take_le<std::uint32_t>();
  if (!checksum) return false;
  if (!has_a_place() && is_critical(type_)) {
    fail(now, ErrorCode::kUnknownCritical, "frame type " + std::to_string(type_));
    return false;
  }
  if (left_ > max_body_bytes(type_)) {
    fail(now, ErrorCode::kLimit,
         "frame type " + std::to_string(type_) + ": " + std::to_string(left_) + " bytes, limit " +
             std::to_string(max_body_bytes(type_)));
    return false;
  }
  expected_checksum_ = *checksum;
  checksum_ = crc32c(ByteView(held_).first(varints));
  booked() += held_.size();
  held_.clear();
  part_ = body_part();
  if (left_ == 0) finish_frame(now);
  return true;
}

bool StreamReader::has_a_place() const {
  if (is(FrameType::kAfter)) return kind_ == StreamKind::kData;
  if (is(FrameType::kData)) return kind_ != StreamKind::kControl;
  return is_message(type_) && kind_ != StreamKind::kData;
}

StreamReader::Part StreamReader::body_part() const {
  if (!has_a_place()) return Part::kSkip;
  return is(FrameType::kData) ? Part::kPlace : Part::kMessage;
}

std::uint64_t& StreamReader::booked() const {
  if (is(FrameType::kData) || is(FrameType::kAfter)) return received_.framing;
  return is(FrameType::kProgress) ? received_.acks : received_.signalling;
}

std::size_t StreamReader::read_message(Time now, ByteView bytes) {
  ByteView part = bytes.first(std::min<std::uint64_t>(left_, bytes.size()));
  if (max_body_bytes(type_) > kMaxControlBodyBytes) session_.on_heard(now);
  booked() += part.size();
  checksum_ = crc32c(part, checksum_);
  append(held_, part);
  left_ -= part.size();
  if (left_ == 0) finish_frame(now);
  return part.size();
}

std::size_t StreamReader::read_place(Time now, ByteView bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && left_ > 0) {
    held_.push_back(bytes[taken++]);
    --left_;
    ByteReader in(held_);
    auto place = take_data_place(in);
    if (!place) continue;
    place_ = *place;
    checksum_ = crc32c(held_, checksum_);
    received_.framing += held_.size();
    held_.clear();
    part_ = Part::kPayload;
    if (left_ == 0) fail(now, ErrorCode::kMalformed, "DATA without bytes");
    return taken;
  }
  if (left_ == 0 || held_.size() > kMaxDataPlaceBytes) {
    fail(now, ErrorCode::kMalformed, "DATA: transfer, chunk and offset do not parse");
  }
  return taken;
}

std::size_t StreamReader::read_payload(Time now, ByteView bytes) {
  ByteView part = bytes.first(std::min<std::uint64_t>(left_, bytes.size()));
  session_.on_heard(now);
  checksum_ = crc32c(part, checksum_);
  DataVerdict verdict = session_.on_data(now, place_, part, stream_);
  (verdict == DataVerdict::kTaken ? received_.payload : received_.retransmitted) += part.size();
  place_.offset += part.size();
  left_ -= part.size();
  if (left_ == 0) finish_frame(now);
  return part.size();
}

std::size_t StreamReader::skip(Time now, ByteView bytes) {
  ByteView part = bytes.first(std::min<std::uint64_t>(left_, bytes.size()));
  checksum_ = crc32c(part, checksum_);
  received_.signalling += part.size();
  left_ -= part.size();
  if (left_ == 0) finish_frame(now);
  return part.size();
}

void StreamReader::finish_frame(Time now) {
  Part finished = part_;
  part_ = Part::kHead;
  Bytes body;
  body.swap(held_);
  if (checksum_ != expected_checksum_) {
    return fail(now, ErrorCode::kChecksum, "frame type " + std::to_string(type_) + ": CRC32C differs");
  }
  if (finished == Part::kPlace) return fail(now, ErrorCode::kMalformed, "DATA without a place or bytes");
  ++frames_read_;
  session_.on_heard(now);
  if (finished != Part::kMessage) return;
  if (is(FrameType::kAfter)) return read_after(now, body);
  session_.on_frame(now, type_, body);
}

void StreamReader::read_after(Time now, ByteView body) {
  ByteReader in(body);
  auto count = in.take_varint();
  if (!count || !in.rest().empty()) return fail(now, ErrorCode::kMalformed, "AFTER: no number, or not alone");
  if (*count <= after_) return fail(now, ErrorCode::kMalformed, "AFTER that does not grow");
  after_ = *count;
}

}  // namespace kvferry
