// SPDX-License-Identifier: MIT
#include "tests/netem/link_model.h"

#include "tests/netem/damage.h"

namespace kvferry::netem {
namespace {

Bottleneck bottleneck_of(const LinkOptions& options, Time start) {
  if (options.trace) return {options.trace, options.queue_packets, start - options.trace_start};
  return {options.rate_bits_per_s, options.queue_packets};
}

}  // namespace

LinkModel::LinkModel(const LinkOptions& options, Time start)
    : options_(options),
      start_(start),
      bottleneck_(bottleneck_of(options, start)),
      seeds_(options.seed),
      bursts_(options.burst_loss, options.burst_packets, seeds_.next()),
      loss_(seeds_.next()),
      corrupt_(seeds_.next()),
      duplicate_(seeds_.next()),
      reorder_(seeds_.next()),
      bits_(seeds_.next()) {}

void LinkModel::send(Time now, Bytes packet) {
  ++counts_.sent;
  const Fate fate = draw_fate();
  if (packet.size() > options_.mtu_bytes) {
    ++counts_.too_large;
    return;
  }
  const auto leaves = bottleneck_.handle_packet(now, packet.size());
  if (!leaves) {
    ++counts_.queue_full;
  } else if (is_in_hole(*leaves)) {
    ++counts_.in_hole;
  } else if (fate.lost) {
    ++counts_.lost;
  } else {
    deliver(*leaves, std::move(packet), fate);
  }
}

// Every draw is made for every packet.
LinkModel::Fate LinkModel::draw_fate() {
  const bool lost_alone = loss_.chance(options_.loss);
  const bool lost_in_burst = bursts_.loses();
  return {lost_alone || lost_in_burst, corrupt_.chance(options_.corrupt),
          duplicate_.chance(options_.duplicate), reorder_.chance(options_.reorder)};
}

bool LinkModel::is_in_hole(Time time) const {
  if (options_.hole <= Duration(0)) return false;
  return (time - start_) % (options_.hole_every + options_.hole) >= options_.hole_every;
}

void LinkModel::deliver(Time leaves, Bytes packet, const Fate& fate) {
  const Time arrives = leaves + options_.delay;
  if (fate.duplicated) {
    ++counts_.duplicated;
    arriving_.emplace(arrives, packet);
  }
  if (fate.corrupted) {
    ++counts_.corrupted;
    damage(packet, bits_);
  }
  counts_.reordered += fate.reordered;
  arriving_.emplace(fate.reordered ? arrives + options_.reorder_delay : arrives, std::move(packet));
}

std::optional<Time> LinkModel::next() const {
  if (arriving_.empty()) return std::nullopt;
  return arriving_.begin()->first;
}

std::optional<Delivery> LinkModel::take(Time now) {
  if (arriving_.empty() || arriving_.begin()->first > now) return std::nullopt;
  auto first = arriving_.extract(arriving_.begin());
  ++counts_.delivered;
  return Delivery{first.key(), std::move(first.mapped())};
}

}  // namespace kvferry::netem
