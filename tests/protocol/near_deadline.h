// SPDX-License-Identifier: MIT
//
// A progressive card over 50 Mbit/s and 40 ms, on a connection that has carried
// another card before, and what of it is usable at its deadline.
#pragma once

#include <set>

#include "tests/protocol/goodput.h"
#include "tests/protocol/pair.h"
#include "tests/protocol/progressive_table.h"

namespace kvferry::test {

inline constexpr double kSerialised = 0.2;  // of the card: how much longer than its round trips a deadline is
inline constexpr double kHead = 0.1;        // of the card's bytes

struct NearDeadline {
  double loss = 0;
  std::uint32_t burst = 1;
  double round_trips = 1;
  Repair repair = Repair::kOff;
  double floor = 0;  // the least loss that repair assumes
  std::uint64_t seed = 1;
  Range lost_datagrams{};  // of those that leave after the request, counted from 0
};

struct Reached {
  double benefit = 0;  // shares of the card's
  double bytes = 0;
  bool head = true;  // all of it
  std::uint64_t recovered_packets = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t repair_bytes = 0;
  std::uint64_t resent_bytes = 0;
};

// Remembers which chunks came.
class MarkingSink final : public ChunkSink {
 public:
  Result<void> begin(const Manifest&) override { return {}; }
  Result<void> chunk(std::uint32_t index, Slice) override {
    here.insert(index);
    return {};
  }
  Result<void> finish(bool) override { return {}; }
  void abandon(const std::string&) override {}
  std::set<std::uint32_t> here;
};

// Levels ascend in the table, so a group is usable up to its first gap.
[[nodiscard]] inline Reached what_is_usable(const Manifest& manifest, const std::set<std::uint32_t>& here) {
  Reached reached;
  std::set<std::uint32_t> broken;  // groups, by their first row
  double bytes = 0, benefit = 0;
  const auto card_bytes = static_cast<double>(manifest.payload_bytes());
  for (std::uint32_t i = 0; i < manifest.chunks.size(); ++i) {
    const ChunkInfo& chunk = manifest.chunks[i];
    const double brings = static_cast<double>(chunk.importance) * chunk.size_bytes;
    bytes += chunk.size_bytes;
    benefit += brings;
    if (!here.contains(i)) broken.insert(chunk.row_begin);
    if (!broken.contains(chunk.row_begin)) {
      reached.bytes += chunk.size_bytes;
      reached.benefit += brings;
    } else if (bytes <= kHead * card_bytes) {
      reached.head = false;
    }
  }
  reached.bytes /= bytes;
  reached.benefit /= benefit;
  return reached;
}

[[nodiscard]] inline Duration time_for(const Manifest& manifest, const LinkOptions& link,
                                       double round_trips) {
  const double bits = 8 * static_cast<double>(manifest.payload_bytes());
  return from_seconds(round_trips * 2 * to_seconds(link.delay) + kSerialised * bits / link.rate_bits_per_s);
}

[[nodiscard]] inline PairOptions pair_for(const NearDeadline& trial) {
  PairOptions two = pair_options(Binding::kDatagram, lossy_wan(trial.loss, trial.burst), trial.seed);
  two.to_server.loss = 0;
  two.client.repair = two.server.repair = trial.repair;
  two.server.repair_loss_floor = trial.floor;
  return two;
}

inline void provide(Pair& pair, std::shared_ptr<ChunkSource> card) {
  pair.server.on_event = [&pair, card](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event))
      pair.server.connection.provide(now, wanted->id, card);
  };
}

// Moves a whole card, which shows both ends the path.
inline void warm_up(Pair& pair, const std::shared_ptr<ChunkSource>& card) {
  provide(pair, card);
  pair.client.on_event = [&pair](Time now, const Event& event) {
    if (auto* complete = std::get_if<event::Complete>(&event))
      pair.client.connection.confirm(now, complete->id);
  };
  BottomlessSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  (void)pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; });
  pair.run_until(pair.now + milliseconds(200));
}

// The first card comes whole; the second one is judged at its deadline.
[[nodiscard]] inline Reached reach(const NearDeadline& trial, const std::shared_ptr<ChunkSource>& first,
                                   const std::shared_ptr<ChunkSource>& second) {
  Pair pair(pair_for(trial));
  warm_up(pair, first);
  provide(pair, second);
  const ByteClasses before = pair.server.connection.ledger().sent;
  const std::uint64_t recovered = pair.client.connection.path().packets_recovered;
  const std::uint64_t sent = pair.server.out.sent_count();
  LinkOptions& link = pair.server.out.options();
  link.lost_datagrams = {sent + trial.lost_datagrams.begin, sent + trial.lost_datagrams.end};
  MarkingSink sink;
  RequestOptions options;
  options.deadline = time_for(second->manifest(), link, trial.round_trips);
  pair.client.connection.request(pair.now, options, sink);
  pair.run_until(pair.now + *options.deadline);
  const ByteClasses& after = pair.server.connection.ledger().sent;
  Reached reached = what_is_usable(second->manifest(), sink.here);
  reached.recovered_packets = pair.client.connection.path().packets_recovered - recovered;
  reached.sent_bytes = after.total() - before.total();
  reached.repair_bytes = after.fec - before.fec;
  reached.resent_bytes = after.retransmitted - before.retransmitted;
  return reached;
}

}  // namespace kvferry::test
