// SPDX-License-Identifier: MIT
//
// Everything at once, at random: whatever is asked for on whatever path, a transfer
// settles, what arrived is what was sent, and the ledger adds up.
#include <gtest/gtest.h>

#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

LinkOptions random_link(Rng& rng, Binding binding) {
  LinkOptions link;
  link.rate_bits_per_s = 1e6 * static_cast<double>(1 + rng.below(50));
  link.delay = milliseconds(static_cast<std::int64_t>(1 + rng.below(60)));
  link.queue_bytes = 8'000 + rng.below(100'000);
  if (binding == Binding::kStream) return link;
  link.loss = rng.chance(0.5) ? 0.1 * rng.uniform() : 0;
  link.reorder = rng.chance(0.3) ? 0.2 * rng.uniform() : 0;
  link.duplicate = rng.chance(0.3) ? 0.1 * rng.uniform() : 0;
  if (rng.chance(0.3)) link.mtu_bytes = 1'200 + rng.below(300);
  return link;
}

PairOptions random_options(Rng& rng, std::uint64_t seed) {
  Binding binding = rng.chance(0.6) ? Binding::kDatagram : Binding::kStream;
  PairOptions two = pair_options(binding, random_link(rng, binding), seed);
  Limits& limits = two.client.hello.limits;
  limits.max_chunk_bytes = 12'000;
  limits.initial_credit_bytes = 12'000 + rng.below(100'000);
  if (rng.chance(0.3)) two.client.credit = CreditPolicy::kWhenReleased;
  if (rng.chance(0.4)) two.client.repair = two.server.repair = Repair::kFollowLoss;
  if (rng.chance(0.3)) two.server.congestion.controller = Congestion::kCubic;
  if (rng.chance(0.3)) two.server.new_token = Bytes(20, 1);
  if (rng.chance(0.2)) two.server.max_datagram_bytes = 256 + rng.below(4'000);
  two.server.max_data_bytes = 1 + rng.below(8'000);
  if (seed % 2 == 1) two.client.verification = Verification::kDeferred;
  two.check_delay = milliseconds(static_cast<std::int64_t>(seed % 200));
  return two;
}

Card random_card(Rng& rng, std::uint64_t seed) {
  Card card = sample_card(seed, 0, 1);
  for (std::size_t i = 2 + rng.below(40); i > 0; --i)
    add_chunks(card, rng.next(), 1, 1 + rng.below(12'000), static_cast<std::uint8_t>(rng.below(3)));
  return card;
}

RequestOptions random_wish(Rng& rng, const Card& card, KeepingSink& sink) {
  RequestOptions wish;
  if (rng.chance(0.3)) wish.deadline = milliseconds(static_cast<std::int64_t>(rng.below(1'000)));
  if (rng.chance(0.3)) wish.byte_budget = rng.below(200'000);
  wish.manifest_first = rng.chance(0.3);
  wish.urgency = static_cast<std::uint8_t>(rng.below(8));
  if (rng.chance(0.4)) {
    for (const Slice& chunk : card.chunks) {
      if (rng.chance(0.3)) sink.store.push_back(chunk);
    }
  }
  if (!rng.chance(0.4)) return wish;
  wish.card = card.digest();
  for (std::uint32_t i = 0; i < card.chunks.size(); ++i) {
    if (card.chunks[i].size() > 1 && rng.chance(0.2))
      wish.partial.push_back({i, card.chunks[i].part(0, 1 + rng.below(card.chunks[i].size() - 1))});
  }
  return wish;
}

ChunkRanges random_chunks(Rng& rng, const Card& card) {
  ChunkRanges chunks;
  for (int i = 0; i < 3; ++i) chunks.add(static_cast<std::uint32_t>(rng.below(card.chunks.size())));
  return chunks;
}

class Scene {
 public:
  explicit Scene(std::uint64_t seed)
      : rng_(seed), pair(random_options(rng_, seed)), card(random_card(rng_, seed)) {
    pair.server.on_event = [this](Time now, const Event& event) {
      if (auto* wanted = std::get_if<event::Requested>(&event)) {
        ChunkRanges known = rng_.chance(0.2) ? random_chunks(rng_, card) : ChunkRanges();
        pair.server.connection.provide(now, wanted->id, std::make_shared<CardSource>(card), known);
      }
    };
    pair.client.on_event = [this](Time now, const Event& event) { on_client(now, event); };
    wish = random_wish(rng_, card, sink);
    id_ = pair.client.connection.request(pair.now, wish, sink);
  }

  bool run() {
    return pair.run(
        [this] {
          if (rng_.chance(0.002)) meddle();
          return pair.server.find<event::Confirmed>() != nullptr;
        },
        pair.now + std::chrono::seconds(200));
  }

 private:
  void on_client(Time now, const Event& event) {
    Connection& client = pair.client.connection;
    if (auto* chunk = std::get_if<event::ChunkArrived>(&event)) client.release(now, chunk->id, chunk->index);
    if (auto* complete = std::get_if<event::Complete>(&event)) client.confirm(now, complete->id);
    if (auto* stopped = std::get_if<event::Stopped>(&event)) client.confirm(now, stopped->id);
  }
  void meddle() {
    Connection& client = pair.client.connection;
    Connection& server = pair.server.connection;
    auto level = static_cast<std::uint8_t>(rng_.below(3));
    switch (rng_.below(7)) {
      case 0:
        return client.prefer(pair.now, id_, random_chunks(rng_, card));
      case 1:
        return server.skip(pair.now, id_, random_chunks(rng_, card));
      case 2:
        return client.set_level(pair.now, id_, level);
      case 3:
        return server.set_level(pair.now, id_, level);
      case 4:
        return rng_.chance(0.2) ? client.stop(pair.now, id_) : void();
      default:
        pair.client_address += rng_.below(2);
    }
  }

  Rng rng_;
  TransferId id_ = 0;

 public:
  Pair pair;
  Card card;
  KeepingSink sink;
  RequestOptions wish;
};

void expect_settled(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Scene scene(seed);
  ASSERT_TRUE(scene.run());
  ASSERT_TRUE(scene.sink.finished);
  ASSERT_EQ(scene.pair.late_timers, 0);
  for (std::size_t i = 0; i < scene.card.chunks.size(); ++i) {
    const Slice& chunk = scene.sink.card.chunks[i];
    ASSERT_TRUE(chunk.empty() ? !scene.sink.whole
                              : sha256(chunk.view()) == scene.card.manifest.chunks[i].digest);
  }
  for (Side* side : {&scene.pair.client, &scene.pair.server})
    ASSERT_EQ(side->connection.ledger().sent.total(), side->handed_out_bytes);
  ASSERT_LE(scene.pair.server.connection.ledger().sent.payload, scene.wish.byte_budget.value_or(UINT64_MAX));
}

// TRF-9 to TRF-15
TEST(Settles, every_transfer_whatever_is_asked_for_on_whatever_path) {
  for (std::uint64_t seed = 0; seed < 600 && !HasFatalFailure(); ++seed) expect_settled(seed);
}

// A window below one packet; loss timers left behind by RECOVERED, or not armed while probes waited.
TEST(Settles, every_transfer_that_once_did_not) {
  for (std::uint64_t seed : {1'546u, 8'663u, 36'780u, 71'859u}) expect_settled(seed);
}

}  // namespace
}  // namespace kvferry::test
