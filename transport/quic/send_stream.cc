// SPDX-License-Identifier: MIT
#include "transport/quic/send_stream.h"

#include <algorithm>

namespace kvferry::quic {

void SendStream::push(Slice slice) {
  if (slice.empty()) return;
  end_ += slice.size();
  slices_.push_back(std::move(slice));
}

std::size_t SendStream::next(ngtcp2_vec (&parts)[kMaxParts]) const {
  std::size_t count = 0;
  std::size_t offset = cursor_offset_;
  for (std::size_t i = cursor_; i < slices_.size() && count < kMaxParts; ++i) {
    const ByteView rest = slices_[i].view().subspan(offset);
    parts[count++] = {const_cast<std::uint8_t*>(rest.data()), rest.size()};  // the library only reads
    offset = 0;
  }
  return count;
}

void SendStream::sent(std::uint64_t size_bytes) {
  sent_end_ += size_bytes;
  cursor_offset_ += size_bytes;
  while (cursor_ < slices_.size() && cursor_offset_ >= slices_[cursor_].size())
    cursor_offset_ -= slices_[cursor_++].size();
}

void SendStream::acknowledged_up_to(std::uint64_t end_offset) {
  begin_ = std::max(begin_, std::min(end_offset, sent_end_));
  while (cursor_ > 0 && first_ + slices_.front().size() <= begin_) {
    first_ += slices_.front().size();
    slices_.pop_front();
    --cursor_;
  }
}

}  // namespace kvferry::quic
