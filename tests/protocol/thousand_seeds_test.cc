// SPDX-License-Identifier: MIT
//
// A thousand seeds of loss, reordering, duplication and damage: what arrives is
// byte-identical, and the ledger adds up.
#include <gtest/gtest.h>

#include "tests/protocol/pair.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

LinkOptions bad_link(std::uint64_t seed, bool stream) {
  Rng rng(seed);
  LinkOptions link;
  link.rate_bits_per_s = 1e6 * static_cast<double>(1 + rng.below(50));
  link.delay = milliseconds(static_cast<std::int64_t>(1 + rng.below(100)));
  link.queue_bytes = 8000 + rng.below(100'000);
  if (stream) return link;
  link.loss = 0.2 * rng.uniform();
  link.reorder = 0.3 * rng.uniform();
  link.duplicate = 0.1 * rng.uniform();
  link.corrupt = 0.05 * rng.uniform();
  return link;
}

void expect_identical(Binding binding, std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Rng rng(seed + 1);
  Card card = sample_card(seed, static_cast<std::uint32_t>(1 + rng.below(30)),
                          static_cast<std::uint32_t>(1 + rng.below(6000)));
  PairOptions options = pair_options(binding, bad_link(seed, binding == Binding::kStream), seed);
  if (seed % 3 == 1) options.server.congestion.controller = Congestion::kCubic;
  if (seed % 5 == 1) options.server.max_datagram_bytes = 256 + rng.below(1200);
  options.server.max_data_bytes = 1 + rng.below(4000);
  Pair pair(options);
  auto source = std::make_shared<CardSource>(card);
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event))
      pair.server.connection.provide(now, wanted->id, source);
  };
  pair.client.on_event = [&](Time now, const Event& event) {
    if (auto* complete = std::get_if<event::Complete>(&event)) {
      pair.client.connection.confirm(now, complete->id);
      pair.client.connection.close(now);
    }
  };
  CardSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  bool confirmed = pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; },
                            time_from_ns(120'000'000'000), 200'000);
  ASSERT_TRUE(confirmed);
  ASSERT_TRUE(sink.whole());
  ASSERT_TRUE(same_bytes(sink.card(), card));
  for (Side* side : {&pair.client, &pair.server}) {
    ASSERT_EQ(side->connection.ledger().sent.total(), side->handed_out_bytes);
  }
}

TEST(ThousandSeeds, datagrams_deliver_identical_cards) {
  for (std::uint64_t seed = 0; seed < 1000 && !HasFatalFailure(); ++seed)
    expect_identical(Binding::kDatagram, seed);
}

TEST(ThousandSeeds, streams_in_any_split_deliver_identical_cards) {
  for (std::uint64_t seed = 0; seed < 1000 && !HasFatalFailure(); ++seed)
    expect_identical(Binding::kStream, seed);
}

}  // namespace
}  // namespace kvferry::test
