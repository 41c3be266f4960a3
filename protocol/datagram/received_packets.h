// SPDX-License-Identifier: MIT
//
// Which packets have arrived, and when that must be acknowledged: at every
// second packet, at once after a gap or out of order, otherwise after the
// maximum delay. RFC 9000 §13.2.
#pragma once

#include <optional>

#include "protocol/datagram/packet.h"

namespace kvferry {

class ReceivedPackets {
 public:
  // Never seen; older than what is remembered counts as seen.
  [[nodiscard]] bool is_new(std::uint64_t number) const {
    return number >= floor_ && !numbers_.contains(number);
  }
  // One above the greatest that has arrived.
  [[nodiscard]] std::uint64_t expected() const {
    return numbers_.empty() ? floor_ : numbers_.ranges().back().end;
  }
  void add(Time now, std::uint64_t number, bool eliciting);

  [[nodiscard]] bool ack_due(Time now) const { return due_at_ && *due_at_ <= now; }
  [[nodiscard]] bool ack_wanted() const { return due_at_.has_value(); }
  [[nodiscard]] std::optional<Time> due_at() const { return due_at_; }
  // An ACK for everything remembered; it counts as sent.
  [[nodiscard]] AckFrame make_ack(Time now);
  // The peer has seen an ACK whose newest number was this one.
  void acknowledged_up_to(std::uint64_t number);

 private:
  RangeSet numbers_;
  std::uint64_t floor_ = 0;
  Time newest_at_{};
  int eliciting_ = 0;  // since the last ACK
  std::optional<Time> due_at_;
};

}  // namespace kvferry
