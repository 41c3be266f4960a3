// SPDX-License-Identifier: MIT
//
// Datagrams that wait for a packet. The library keeps nothing of one that it
// has written.
#pragma once

#include <deque>

#include "protocol/base/slice.h"
#include "transport/quic/ngtcp2_shim.h"

namespace kvferry::quic {

class DatagramQueue {
 public:
  static constexpr std::size_t kMaxParts = 2;

  struct Datagram {
    std::uint64_t number = 0;
    Bytes head;
    Slice payload;
    [[nodiscard]] std::size_t size() const { return head.size() + payload.size(); }
  };

  void push(Datagram datagram) {
    unsent_bytes_ += datagram.size();
    waiting_.push_back(std::move(datagram));
  }
  void pop() {
    unsent_bytes_ -= waiting_.front().size();
    waiting_.pop_front();
  }
  void clear() {
    waiting_.clear();
    unsent_bytes_ = 0;
  }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] const Datagram& front() const { return waiting_.front(); }
  // What goes next. Returns how many parts.
  std::size_t next(ngtcp2_vec (&parts)[kMaxParts]) const {
    const auto part = [](ByteView bytes) {
      return ngtcp2_vec{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    };
    parts[0] = part(front().head);
    parts[1] = part(front().payload.view());
    return kMaxParts;
  }
  [[nodiscard]] std::uint64_t unsent_bytes() const { return unsent_bytes_; }

 private:
  std::deque<Datagram> waiting_;
  std::uint64_t unsent_bytes_ = 0;
};

}  // namespace kvferry::quic
