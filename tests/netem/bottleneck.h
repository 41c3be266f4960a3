// SPDX-License-Identifier: MIT
//
// Where packets wait: a queue that drops at its tail, and what serves it, a rate or a trace.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "tests/netem/delivery_trace.h"

namespace kvferry::netem {

class Bottleneck {
 public:
  // Room for queue_packets beside the one that is being sent. Rate 0: at once.
  Bottleneck(double rate_bits_per_s, std::size_t queue_packets)
      : rate_bits_per_s_(rate_bits_per_s), queue_packets_(queue_packets) {}
  // The trace begins at `start`.
  Bottleneck(std::shared_ptr<const DeliveryTrace> trace, std::size_t queue_packets, Time start)
      : queue_packets_(queue_packets), trace_(std::move(trace)), start_(start) {}

  // When the last bit of a packet that comes now leaves; nothing when the queue is full.
  [[nodiscard]] std::optional<Time> handle_packet(Time now, std::size_t size_bytes);

 private:
  [[nodiscard]] Time leave_at_rate(Time now, std::size_t size_bytes) const;
  [[nodiscard]] Time leave_by_trace(Time now, std::size_t size_bytes);

  double rate_bits_per_s_ = 0;
  std::size_t queue_packets_;
  std::shared_ptr<const DeliveryTrace> trace_;
  Time start_{};
  std::uint64_t opportunity_ = 0;
  std::size_t opportunity_bytes_left_ = DeliveryTrace::kOpportunityBytes;
  std::deque<Time> leaving_;  // of the packets that have not left yet
};

}  // namespace kvferry::netem
