// SPDX-License-Identifier: MIT
#include "protocol/datagram/control_stream.h"

#include <algorithm>

namespace kvferry {

void ControlSender::push(const ControlFrame& frame) {
  put_varint(bytes_, frame.type);
  put_varint(bytes_, frame.body.size());
  append(bytes_, frame.body);
}

std::optional<ControlSender::Piece> ControlSender::next(std::size_t max_bytes) {
  if (max_bytes == 0) return std::nullopt;
  while (!lost_.empty()) {
    Range range = lost_.take_lowest(max_bytes);
    auto gaps = acknowledged_.missing(std::max(range.begin, base_), std::max(range.end, base_));
    if (gaps.empty()) continue;
    for (std::size_t i = 1; i < gaps.size(); ++i) lost_.add(gaps[i].begin, gaps[i].end);
    return Piece{gaps[0].begin, ByteView(bytes_).subspan(gaps[0].begin - base_, gaps[0].end - gaps[0].begin),
                 true};
  }
  std::uint64_t end = base_ + bytes_.size();
  if (next_ >= end) return std::nullopt;
  std::uint64_t size = std::min<std::uint64_t>(max_bytes, end - next_);
  Piece piece{next_, ByteView(bytes_).subspan(next_ - base_, size), false};
  next_ += size;
  return piece;
}

void ControlSender::acknowledged(std::uint64_t offset, std::uint64_t size_bytes) {
  acknowledged_.add(std::max(offset, base_), std::max(offset + size_bytes, base_));
  if (acknowledged_.empty() || acknowledged_.ranges().front().begin != base_) return;
  std::uint64_t whole = acknowledged_.ranges().front().end;
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(whole - base_));
  base_ = whole;
  acknowledged_.forget_below(base_);
}

void ControlSender::lost(std::uint64_t offset, std::uint64_t size_bytes) {
  std::uint64_t begin = std::max(offset, base_);
  std::uint64_t end = std::max(offset + size_bytes, base_);
  for (const Range& gap : acknowledged_.missing(begin, end)) lost_.add(gap.begin, gap.end);
}

ControlReceiver::Outcome ControlReceiver::add(std::uint64_t offset, ByteView bytes) {
  std::uint64_t end = offset + bytes.size();
  if (end <= base_) return Outcome::kRepeated;
  if (end - base_ > kControlWindowBytes) return Outcome::kNoRoom;
  if (offset < base_) {
    bytes = bytes.subspan(base_ - offset);
    offset = base_;
  }
  if (here_.ranges().size() >= kMaxGaps && !here_.touches(offset, end)) return Outcome::kNoRoom;
  if (here_.add(offset, end) == 0) return Outcome::kRepeated;
  std::size_t at = used_ + static_cast<std::size_t>(offset - base_);
  if (bytes_.size() < at + bytes.size()) bytes_.resize(at + bytes.size());
  std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at));
  return Outcome::kTaken;
}

std::optional<ControlReceiver::Fault> ControlReceiver::deliver(
    const std::function<void(std::uint64_t, ByteView)>& handle) {
  if (here_.empty() || here_.ranges().front().begin != base_) return std::nullopt;
  ByteView ready = ByteView(bytes_).subspan(used_, here_.ranges().front().end - base_);
  std::size_t used = 0;
  while (used < ready.size()) {
    ByteView rest = ready.subspan(used);
    VarintRead type = read_varint(rest);
    VarintRead size;
    if (type.error == VarintError::kNone) size = read_varint(rest.subspan(type.size_bytes));
    if (type.error == VarintError::kNotShortest || size.error == VarintError::kNotShortest) {
      return Fault{ErrorCode::kMalformed, "control stream: a varint is not in its shortest form"};
    }
    std::size_t head = type.size_bytes + size.size_bytes;
    if (type.size_bytes == 0 || size.size_bytes == 0) break;
    if (size.value > max_body_bytes(type.value)) {
      return Fault{ErrorCode::kLimit,
                   "control stream: frame type " + std::to_string(type.value) + " is too large"};
    }
    if (rest.size() - head < size.value) break;
    handle(type.value, rest.subspan(head, size.value));
    used += head + size.value;
  }
  if (used == 0) return std::nullopt;
  base_ += used;
  here_.forget_below(base_);
  used_ += used;
  if (used_ < bytes_.size() / 2) return std::nullopt;  // moved only when at least as much is gone
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  return std::nullopt;
}

}  // namespace kvferry
