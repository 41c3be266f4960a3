// SPDX-License-Identifier: MIT
#include "protocol/datagram/received_packets.h"

#include <algorithm>

namespace kvferry {

void ReceivedPackets::add(Time now, std::uint64_t number, bool eliciting) {
  std::uint64_t next = expected();
  if (number >= next) newest_at_ = now;
  numbers_.add(number, number + 1);
  while (numbers_.ranges().size() > kMaxAckRanges) {
    floor_ = numbers_.ranges().front().end;
    numbers_.forget_below(floor_);
  }
  if (!eliciting) return;
  ++eliciting_;
  bool at_once = number != next || eliciting_ >= 2;
  if (at_once) {
    due_at_ = now;
  } else if (!due_at_) {
    due_at_ = now + kMaxAckDelay;
  }
}

AckFrame ReceivedPackets::make_ack(Time now) {
  AckFrame ack;
  ack.ranges.assign(numbers_.ranges().rbegin(), numbers_.ranges().rend());
  ack.delay = std::max(now - newest_at_, Duration::zero());
  eliciting_ = 0;
  due_at_.reset();
  return ack;
}

void ReceivedPackets::acknowledged_up_to(std::uint64_t number) {
  // The newest range stays, so that there is always something to acknowledge.
  if (numbers_.empty()) return;
  std::uint64_t floor = std::min(number + 1, numbers_.ranges().back().end - 1);
  floor_ = std::max(floor_, floor);
  numbers_.forget_below(floor_);
}

}  // namespace kvferry
