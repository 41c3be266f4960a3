// SPDX-License-Identifier: MIT
//
// One direction of a link, without I/O: packets and times in, packets and the times at which they arrive out.
//
//   send ─► MTU ─► queue, rate ─► holes ─► loss ─► duplicate, corrupt ─► delay, reorder ─► take
//
// What befalls the nth packet depends on the seed and n alone, and no fault on how strong another one is: the
// same seed loses the same packets, whenever they come.
#pragma once

#include <map>

#include "protocol/base/bytes.h"
#include "tests/netem/bottleneck.h"
#include "tests/netem/gilbert_elliott.h"

namespace kvferry::netem {

struct LinkOptions {
  double rate_bits_per_s = 0;                  // of IP packets; 0: no limit
  std::shared_ptr<const DeliveryTrace> trace;  // instead of the rate
  Duration trace_start{};                      // where in it the link begins
  Duration delay{};                            // one way
  std::size_t queue_packets = 1000;            // that wait, beside the one being sent
  std::size_t mtu_bytes = 65535;               // larger packets vanish
  double loss = 0;                             // probabilities per packet
  double burst_loss = 0;                       // beside loss, in bursts
  double burst_packets = 4;                    // mean length of a burst
  double corrupt = 0;
  double duplicate = 0;
  double reorder = 0;  // so many are late by reorder_delay
  Duration reorder_delay = milliseconds(10);
  Duration hole_every{};  // the link works so long,
  Duration hole{};        // then it loses everything for so long; 0: never
  std::uint64_t seed = 1;
};

struct LinkCounts {
  std::uint64_t sent = 0;
  std::uint64_t too_large = 0;
  std::uint64_t queue_full = 0;
  std::uint64_t in_hole = 0;
  std::uint64_t lost = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t delivered = 0;
};

struct Delivery {
  Time due;
  Bytes packet;
};

class LinkModel {
 public:
  // Holes and the trace count from `start`.
  LinkModel(const LinkOptions& options, Time start);

  void send(Time now, Bytes packet);
  // When the next packet arrives.
  [[nodiscard]] std::optional<Time> next() const;
  // The next packet that has arrived by now.
  [[nodiscard]] std::optional<Delivery> take(Time now);

  [[nodiscard]] const LinkCounts& counts() const { return counts_; }

 private:
  struct Fate {
    bool lost, corrupted, duplicated, reordered;
  };
  [[nodiscard]] Fate draw_fate();
  [[nodiscard]] bool is_in_hole(Time time) const;
  void deliver(Time leaves, Bytes packet, const Fate& fate);

  LinkOptions options_;
  Time start_;
  Bottleneck bottleneck_;
  Rng seeds_;
  GilbertElliott bursts_;
  Rng loss_, corrupt_, duplicate_, reorder_, bits_;
  std::multimap<Time, Bytes> arriving_;  // equal times in the order they were sent
  LinkCounts counts_;
};

}  // namespace kvferry::netem
