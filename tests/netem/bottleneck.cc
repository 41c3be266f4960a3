// SPDX-License-Identifier: MIT
#include "tests/netem/bottleneck.h"

#include <algorithm>

namespace kvferry::netem {

std::optional<Time> Bottleneck::handle_packet(Time now, std::size_t size_bytes) {
  while (!leaving_.empty() && leaving_.front() <= now) leaving_.pop_front();
  if (leaving_.size() > queue_packets_) return std::nullopt;
  leaving_.push_back(trace_ ? leave_by_trace(now, size_bytes) : leave_at_rate(now, size_bytes));
  return leaving_.back();
}

Time Bottleneck::leave_at_rate(Time now, std::size_t size_bytes) const {
  if (rate_bits_per_s_ <= 0) return now;
  const Time begins = leaving_.empty() ? now : leaving_.back();
  return begins + from_seconds(static_cast<double>(size_bytes) * 8 / rate_bits_per_s_);
}

// What an opportunity has left over serves the next packet if it waits already; a packet may take several.
Time Bottleneck::leave_by_trace(Time now, std::size_t size_bytes) {
  const std::uint64_t first = trace_->first_not_before(now - start_);
  if (first > opportunity_) {
    opportunity_ = first;
    opportunity_bytes_left_ = DeliveryTrace::kOpportunityBytes;
  }
  while (size_bytes > opportunity_bytes_left_) {
    size_bytes -= opportunity_bytes_left_;
    ++opportunity_;
    opportunity_bytes_left_ = DeliveryTrace::kOpportunityBytes;
  }
  opportunity_bytes_left_ -= size_bytes;
  return start_ + trace_->time_of(opportunity_);
}

}  // namespace kvferry::netem
