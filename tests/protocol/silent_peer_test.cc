// SPDX-License-Identifier: MIT
//
// A peer that falls silent in the middle of a transfer, in virtual time.
#include <gtest/gtest.h>

#include "tests/protocol/pair.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

// RFC 9002 section 6.2: the probe timeout doubles. Ours stops doubling at a cap, and once it had reached the
// cap the timer was due again at the moment it fired.
TEST(SilentPeer, is_probed_ever_more_rarely_and_the_timer_never_stands_still) {
  PairOptions options = pair_options(Binding::kDatagram, {}, 1);
  options.server.idle_timeout = Duration::zero();
  options.server.progress_timeout = Duration::zero();
  Pair pair(options);
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event)) {
      pair.server.connection.provide(now, wanted->id, std::make_shared<CardSource>(sample_card(1, 40, 4000)));
    }
  };
  CardSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.client.find<event::ChunkArrived>() != nullptr; }));

  Connection& server = pair.server.connection;
  const Time end = pair.now + std::chrono::minutes(10);
  Time now = pair.now;
  int timeouts = 0, probes = 0;
  while (now < end && timeouts < 2000) {
    while (server.poll_transmit(now)) ++probes;
    while (server.poll_event()) {
    }
    const auto due = server.poll_timeout();
    ASSERT_TRUE(due);
    ASSERT_GT(*due, now) << "due again at once after " << timeouts << " timeouts";
    now = *due;
    server.handle_timeout(now);
    ++timeouts;
  }
  EXPECT_GE(now, end);
  EXPECT_GT(probes, 60);
}

}  // namespace
}  // namespace kvferry::test
