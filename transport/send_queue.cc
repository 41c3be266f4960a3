// SPDX-License-Identifier: MIT
#include "transport/send_queue.h"

#include <algorithm>

namespace kvferry {

void SendQueue::push(Outgoing outgoing) {
  if (outgoing.size() == 0) return;
  size_bytes_ += outgoing.size();
  queue_.push_back(std::move(outgoing));
}

void SendQueue::consume(std::size_t taken_bytes) {
  assert(taken_bytes <= size_bytes_);
  size_bytes_ -= taken_bytes;
  front_taken_ += taken_bytes;
  while (!queue_.empty() && front_taken_ >= queue_.front().size()) {
    front_taken_ -= queue_.front().size();
    queue_.pop_front();
  }
}

void SendQueue::clear() {
  queue_.clear();
  front_taken_ = 0;
  size_bytes_ = 0;
}

std::vector<asio::const_buffer> SendQueue::buffers() const {
  std::vector<asio::const_buffer> result;
  std::size_t skip = front_taken_;
  const auto add = [&](const std::uint8_t* data, std::size_t size) {
    const std::size_t skipped = std::min(skip, size);
    skip -= skipped;
    if (size > skipped && result.size() < kMaxBuffers) result.emplace_back(data + skipped, size - skipped);
  };
  for (const Outgoing& outgoing : queue_) {
    if (result.size() >= kMaxBuffers) break;
    add(outgoing.head.data(), outgoing.head.size());
    add(outgoing.payload.data(), outgoing.payload.size());
  }
  return result;
}

}  // namespace kvferry
