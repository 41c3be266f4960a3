// SPDX-License-Identifier: MIT
#include "protocol/datagram/repair_need.h"

#include <algorithm>

#include "protocol/datagram/repair_encoder.h"
#include "protocol/datagram/repair_rate.h"

namespace kvferry {
namespace {

constexpr double kMissing = 1.0 / 8;  // of the packets of a block that fails

}  // namespace

void RepairNeed::add(const Unit& unit, double worth_packets) {
  Part& part = parts_[unit];
  part.worth = std::max(part.worth, worth_packets);
  ++part.packets;
  most_ = std::max(most_, worth_packets);
}

void RepairNeed::add(const RepairNeed& other) {
  usual_ = usual_ || other.usual_;
  for (const auto& [unit, part] : other.parts_) {
    parts_[unit].worth = std::max(parts_[unit].worth, part.worth);
    parts_[unit].packets += part.packets;
  }
  most_ = std::max(most_, other.most_);
}

std::size_t RepairNeed::count(std::size_t k, double loss) const {
  double sum = 0;
  for (const auto& [unit, part] : parts_) sum += part.worth * std::min(part.packets * kMissing, 1.0);
  const std::size_t by_worth = repair_count(k, loss, 1 / std::max(sum, 1.0));
  return usual_ ? std::max(by_worth, repair_count(k, loss)) : by_worth;
}

std::size_t RepairNeed::block_packets() const {
  return parts_.empty() ? RepairEncoder::kUsualPackets : kMaxRepairSources;
}

bool RepairNeed::should_end_before(const RepairNeed& next) const {
  return most_ > 0 && !next.parts_.empty() && next.most_ == 0;
}

}  // namespace kvferry
