// SPDX-License-Identifier: MIT
//
// What a connection has handed out and the socket has not taken yet, as buffers
// to gather: heads and payload slices stay where they are until they are written.
#pragma once

#include <deque>
#include <vector>

#include "protocol/connection/connection.h"
#include "transport/asio.h"

namespace kvferry {

class SendQueue {
 public:
  // Asio writes at most 64 buffers at once.
  static constexpr std::size_t kMaxBuffers = 64;

  void push(Outgoing outgoing);
  // Drops the first bytes, which the socket has taken; at most size_bytes().
  void consume(std::size_t taken_bytes);
  void clear();

  // The first unwritten bytes; valid until the next consume() or clear().
  [[nodiscard]] std::vector<asio::const_buffer> buffers() const;
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }
  [[nodiscard]] bool empty() const { return size_bytes_ == 0; }

 private:
  std::deque<Outgoing> queue_;  // a deque keeps its elements in place
  std::size_t front_taken_ = 0;
  std::size_t size_bytes_ = 0;
};

}  // namespace kvferry
