// SPDX-License-Identifier: MIT
//
// What is at stake in a transfer that has a deadline.
#include <algorithm>

#include "protocol/connection/session.h"

namespace kvferry {

// Payload that is allowed to leave, whatever the path: before its manifest is acknowledged only the
// beginning (PKT-7), and that takes a round trip.
double Session::most_payload(const Transfer& transfer, Duration left, double rate_bytes_per_s) const {
  const double rest = transfer.stakes->bytes_from(transfer.sender->first_waiting());
  if (transfer.manifest_acknowledged) return rest;
  const double beginning =
      static_cast<double>(kMaxBeforeManifestBytes) - static_cast<double>(transfer.before_manifest_bytes);
  const Duration after = std::max(left - min_rtt_, Duration::zero());
  return std::min(rest, std::max(beginning, 0.0) + rate_bytes_per_s * to_seconds(after));
}

std::optional<Stake> Session::stake(Time now, TransferId id, std::optional<std::uint32_t> chunk,
                                    double rate_bytes_per_s) const {
  auto found = transfers_.find(id);
  if (found == transfers_.end() || !found->second.stakes) return std::nullopt;
  const Transfer& transfer = found->second;
  const auto last = leave_by(transfer);
  if (!last) return std::nullopt;
  const Duration left = std::max(*last - now, Duration::zero());
  const double room = rate_bytes_per_s * to_seconds(left);
  const double most = most_payload(transfer, left, rate_bytes_per_s);
  const ChunkStakes::Rest rest{transfer.sender->first_waiting(), std::min(room, most)};
  Stake stake{transfer.stakes->of_all(rest), *last, room <= most};
  if (!chunk) return stake;
  const bool in_time = static_cast<double>(transfer.sender->rest_of(*chunk)) <= room;
  stake.bytes = in_time ? transfer.stakes->of_chunk(*chunk, rest) : 0;
  return stake;
}

}  // namespace kvferry
