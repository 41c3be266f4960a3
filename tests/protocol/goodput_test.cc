// SPDX-License-Identifier: MIT
//
// What the congestion controllers make of a link, in virtual time.
#include <gtest/gtest.h>

#include "tests/protocol/pair.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

struct Outcome {
  double goodput = 0;   // payload as a fraction of the link
  double overhead = 0;  // resent payload as a fraction of payload
  Duration rtt{};
};

Outcome transfer(const LinkOptions& link, Congestion controller, std::size_t payload_mib,
                 std::uint64_t seed) {
  PairOptions options = pair_options(Binding::kDatagram, link, seed);
  options.server.congestion.controller = controller;
  Card card;
  card.manifest = sample_card(1, 0, 1).manifest;
  Rng rng(seed);
  ChunkInfo info;
  info.layer_count = 2;
  info.row_count = 64;
  for (std::size_t i = 0; i < payload_mib * 8; ++i)
    add_chunk(card, info, Slice(random_bytes(rng, 128 * 1024)));
  Pair pair(options);
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event)) {
      pair.server.connection.provide(now, wanted->id, std::make_shared<CardSource>(card));
    }
  };
  CardSink sink;
  Time begin{};  // of the data; what a lost greeting costs is another matter
  pair.client.on_event = [&](Time now, const Event& event) {
    if (std::holds_alternative<event::ManifestArrived>(event)) begin = now;
  };
  pair.client.connection.request(pair.now, {}, sink);
  EXPECT_TRUE(pair.run([&] { return sink.whole(); }));
  double seconds = to_seconds(pair.now - begin);
  const ByteClasses& sent = pair.server.connection.ledger().sent;
  return {static_cast<double>(card.manifest.payload_bytes()) * 8 / seconds / link.rate_bits_per_s,
          static_cast<double>(sent.retransmitted) / static_cast<double>(sent.payload),
          pair.server.connection.path().rtt.value_or(Duration::zero())};
}

LinkOptions lossy_wan(double loss) {
  LinkOptions link;
  link.rate_bits_per_s = 50e6;
  link.delay = milliseconds(20);
  link.queue_bytes = 250'000;  // one bandwidth-delay product
  link.loss = loss;
  return link;
}

TEST(Goodput, the_default_controller_keeps_a_lossy_link_full) {
  for (double loss : {0.0, 0.01, 0.02, 0.05}) {
    Outcome outcome = transfer(lossy_wan(loss), Congestion::kModel, 24, 5);
    std::printf("loss %.2f: goodput %.3f, sent again %.3f, round trip %.1f ms\n", loss, outcome.goodput,
                outcome.overhead, to_seconds(outcome.rtt) * 1e3);
    EXPECT_GT(outcome.goodput, loss > 0.02 ? 0.75 : 0.85);
  }
}

TEST(Goodput, the_default_controller_does_not_fill_a_deep_queue) {
  LinkOptions link = lossy_wan(0);
  link.queue_bytes = 4'000'000;
  Outcome outcome = transfer(link, Congestion::kModel, 24, 6);
  std::printf("deep queue: goodput %.3f, round trip %.1f ms\n", outcome.goodput,
              to_seconds(outcome.rtt) * 1e3);
  EXPECT_GT(outcome.goodput, 0.85);
  EXPECT_LT(outcome.rtt, milliseconds(80));
}

TEST(Goodput, a_shallow_queue_costs_little) {
  LinkOptions link = lossy_wan(0);
  link.rate_bits_per_s = 10e6;
  link.delay = milliseconds(15);
  link.queue_bytes = 25 * 1500;
  Outcome outcome = transfer(link, Congestion::kModel, 4, 7);
  std::printf("shallow queue: goodput %.3f, sent again %.3f\n", outcome.goodput, outcome.overhead);
  EXPECT_GT(outcome.goodput, 0.85);
}

TEST(Goodput, a_small_card_on_an_edge_link_is_not_held_up) {
  LinkOptions link = lossy_wan(0.01);
  link.rate_bits_per_s = 5e6;
  link.queue_bytes = 50'000;
  Outcome outcome = transfer(link, Congestion::kModel, 1, 8);
  std::printf("edge link, 1 MiB: goodput %.3f\n", outcome.goodput);
  EXPECT_GT(outcome.goodput, 0.75);
}

TEST(Goodput, cubic_fills_a_clean_link_and_yields_to_loss) {
  Outcome clean = transfer(lossy_wan(0), Congestion::kCubic, 16, 9);
  Outcome lossy = transfer(lossy_wan(0.01), Congestion::kCubic, 2, 9);
  std::printf("cubic: clean %.3f, 1 %% loss %.3f\n", clean.goodput, lossy.goodput);
  EXPECT_GT(clean.goodput, 0.8);
  EXPECT_LT(lossy.goodput, 0.5);
}

}  // namespace
}  // namespace kvferry::test
