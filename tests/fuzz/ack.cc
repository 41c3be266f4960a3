// SPDX-License-Identifier: MIT
//
// The body of an ACK: what parses is ascending ranges apart, newest first, and serializes to the same bytes.
#include <algorithm>

#include "protocol/datagram/packet.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

FUZZ_TARGET(ack) {
  const auto ack = AckFrame::parse(input);
  if (!ack) return;
  fuzz::require(!ack->ranges.empty() && ack->ranges.size() <= kMaxAckRanges, "one range to 64");
  for (std::size_t i = 0; i < ack->ranges.size(); ++i) {
    fuzz::require(ack->ranges[i].begin < ack->ranges[i].end, "no range is empty");
    fuzz::require(i == 0 || ack->ranges[i].end < ack->ranges[i - 1].begin, "newest first, and apart");
  }
  Bytes again;
  ack->serialize(again);
  fuzz::require(std::ranges::equal(again, input), "serialized again, the same bytes");
}
