// SPDX-License-Identifier: MIT
//
// How QUIC sessions end, and what does not end them.
#include <gtest/gtest.h>

#include "tests/transport/quic/quic_pair.h"

namespace kvferry::test {
namespace {

using std::chrono::seconds;

bool greet(QuicPair& pair) {
  return pair.run([&] {
    return pair.server.session && pair.client.connection().is_established() &&
           pair.server.connection().is_established();
  });
}

bool both_over(QuicPair& pair) { return pair.client.session->is_over() && pair.server.session->is_over(); }

TEST(QuicClosing, a_goodbye_of_either_side_reaches_the_other) {
  for (bool by_client : {true, false}) {
    LinkOptions link;
    link.loss = 0.1;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      QuicPair pair(quic_options(link, seed));
      ASSERT_TRUE(greet(pair));
      QuicEnd& one = by_client ? pair.client : pair.server;
      QuicEnd& other = by_client ? pair.server : pair.client;
      one.connection().close(pair.now, ErrorCode::kApplication, "the shop closes");
      ASSERT_TRUE(pair.run([&] { return both_over(pair); }));
      ASSERT_TRUE(one.find<event::Closed>() && other.find<event::Closed>());
      EXPECT_FALSE(one.find<event::Closed>()->by_peer);
      EXPECT_TRUE(other.find<event::Closed>()->by_peer);
      EXPECT_EQ(other.find<event::Closed>()->code, ErrorCode::kApplication);
      EXPECT_EQ(other.find<event::Closed>()->reason, "the shop closes");
    }
  }
}

TEST(QuicClosing, a_confirmation_before_the_goodbye_arrives) {
  Card card = sample_card(1, 20, 20'000);
  LinkOptions link;
  link.loss = 0.1;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    QuicPair pair(quic_options(link, seed));
    CardSink sink;
    serve(pair.server, std::make_shared<CardSource>(card));
    pair.client.on_event = [&](Time now, const Event& event) {
      if (auto* complete = std::get_if<event::Complete>(&event)) {
        pair.client.connection().confirm(now, complete->id);
        pair.client.connection().close(now);
      }
    };
    pair.client.connection().request(pair.now, {}, sink);
    ASSERT_TRUE(pair.run([&] { return pair.server.session && both_over(pair); }));
    EXPECT_NE(pair.server.find<event::Confirmed>(), nullptr) << "seed " << seed;
    EXPECT_EQ(pair.server.find<event::Closed>()->code, ErrorCode::kNone);
  }
}

TEST(QuicClosing, two_with_nothing_to_say_stay_together) {
  QuicPair pair(quic_options({}, 1));
  ASSERT_TRUE(greet(pair));
  pair.run_until(pair.now + seconds(600));
  EXPECT_TRUE(pair.client.connection().is_established());
  EXPECT_TRUE(pair.server.connection().is_established());
}

TEST(QuicClosing, a_peer_that_has_vanished_is_given_up) {
  QuicPair pair(quic_options({}, 1));
  ASSERT_TRUE(greet(pair));
  const Time gone = pair.now;
  pair.drops = [](Time) { return true; };
  ASSERT_TRUE(pair.run([&] { return both_over(pair); }));
  for (QuicEnd* end : {&pair.client, &pair.server}) {
    ASSERT_NE(end->find<event::Closed>(), nullptr);
    EXPECT_EQ(end->find<event::Closed>()->code, ErrorCode::kIdle);
  }
  EXPECT_LT(pair.now - gone, seconds(50));
}

// Whatever comes: nothing is released, nothing ends, and it goes on as if it had not come.
TEST(QuicClosing, garbage_changes_nothing) {
  QuicPair pair(quic_options({}, 1));
  ASSERT_TRUE(greet(pair));
  Rng rng(1);
  const std::vector<Bytes> to_server = pair.server.heard;
  const std::vector<Bytes> to_client = pair.client.heard;
  const std::uint64_t before = pair.server.application_bytes() + pair.client.application_bytes();
  const auto spoilt = [&](const std::vector<Bytes>& real) {
    Bytes bytes = rng.chance(0.3) ? random_bytes(rng, rng.below(1500)) : real[rng.below(real.size())];
    if (bytes.empty()) return bytes;
    const std::size_t head = rng.chance(0.5) ? std::min<std::size_t>(bytes.size(), 30) : bytes.size();
    for (int i = 0; i < 3; ++i) bytes[rng.below(head)] ^= static_cast<std::uint8_t>(1 + rng.below(255));
    if (rng.chance(0.2)) bytes.resize(rng.below(bytes.size()));
    return bytes;
  };
  for (int i = 0; i < 3'000; ++i) {
    pair.to_server(spoilt(to_server), rng.below(3));
    pair.to_client(spoilt(to_client));
  }
  EXPECT_EQ(pair.server.application_bytes() + pair.client.application_bytes(), before);
  const Card card = sample_card(1, 10, 10'000);
  CardSink sink;
  serve(pair.server, std::make_shared<CardSource>(card));
  confirm_when_complete(pair.client);
  pair.client.connection().request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_TRUE(same_bytes(sink.card(), card));
}

TEST(QuicClosing, datagrams_that_are_replayed_change_nothing) {
  const Card card = sample_card(1, 20, 10'000);
  QuicPair pair(quic_options({}, 1));
  CardSink sink;
  serve(pair.server, std::make_shared<CardSource>(card));
  confirm_when_complete(pair.client);
  pair.client.connection().request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  pair.run_until(pair.now + seconds(1));
  const auto figures = [&] {
    std::vector<std::uint64_t> all;
    for (QuicEnd* end : {&pair.client, &pair.server}) {
      all.push_back(end->application_bytes());
      all.push_back(end->log.size());
    }
    return all;
  };
  const auto before = figures();
  const std::vector<Bytes> to_server = pair.server.heard;
  const std::vector<Bytes> to_client = pair.client.heard;
  for (const Bytes& datagram : to_server) pair.to_server(datagram, 0);
  for (const Bytes& datagram : to_client) pair.to_client(datagram);
  EXPECT_EQ(figures(), before);
  CardSink again;
  pair.client.connection().request(pair.now, {}, again);
  ASSERT_TRUE(pair.run([&] { return again.whole(); }));
}

}  // namespace
}  // namespace kvferry::test
