// SPDX-License-Identifier: MIT
//
// How large datagrams become on paths that carry more or less, before and during a transfer.
#include <gtest/gtest.h>

#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

using std::chrono::seconds;

PairOptions options(std::uint64_t seed, std::size_t mtu_bytes, double loss = 0) {
  LinkOptions link;
  link.rate_bits_per_s = 20e6;
  link.loss = loss;
  link.mtu_bytes = mtu_bytes;
  return pair_options(Binding::kDatagram, link, seed);
}

std::size_t datagram_bytes(const Side& side) { return side.connection.path().datagram_bytes; }

// MTU-1
TEST(PathMtu, of_1452_bytes_is_found_in_a_few_round_trips) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Pair pair(options(seed, 1'452));
    serve(pair.server, even_card(seed, 60, 20'000));
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    EXPECT_EQ(datagram_bytes(pair.server), 1'200u);
    ASSERT_TRUE(pair.run([&] { return pair.client.find<event::ManifestArrived>() != nullptr; }));
    Time begin = pair.now;
    ASSERT_TRUE(pair.run([&] { return datagram_bytes(pair.server) == 1'452; }));
    EXPECT_LT(pair.now, begin + 4 * milliseconds(40));
    ASSERT_TRUE(pair.run([&] { return sink.whole; }));
    EXPECT_EQ(pair.server.connection.path().packets_lost, 0u);
  }
}

// MTU-1: the search ends within 32 bytes of what the path carries, and never beyond.
TEST(PathMtu, in_between_is_found_and_lost_probes_are_no_congestion) {
  for (std::size_t mtu : {1'201u, 1'280u, 1'300u, 1'400u, 1'451u}) {
    SCOPED_TRACE(mtu);
    Card card = even_card(1, 250, 20'000);
    std::uint64_t windows[2];
    std::size_t times_ms[2];
    for (int known : {0, 1}) {  // the path's size found, or known before
      PairOptions two = options(1, mtu);
      two.server.congestion.controller = Congestion::kCubic;  // halves at the first loss
      two.server.congestion.max_window_bytes = 400'000;
      if (known == 1) two.server.max_datagram_bytes = 1'200;
      Pair pair(two);
      serve(pair.server, card);
      KeepingSink sink;
      pair.client.connection.request(pair.now, {}, sink);
      ASSERT_TRUE(pair.run([&] { return sink.whole; }));
      windows[known] = pair.server.connection.path().congestion_window_bytes;
      times_ms[known] = static_cast<std::size_t>(to_us(pair.now.time_since_epoch()) / 1000);
      if (known == 1) continue;
      EXPECT_LE(datagram_bytes(pair.server), mtu);
      EXPECT_GT(datagram_bytes(pair.server) + 32, mtu);
    }
    EXPECT_GE(windows[0], windows[1] * 9 / 10);
    EXPECT_LT(times_ms[0], times_ms[1] * 11 / 10);
  }
}

// MTU-1
TEST(PathMtu, of_exactly_1200_bytes_is_enough) {
  for (double loss : {0.0, 0.02}) {
    Pair pair(options(2, 1'200, loss));
    Card card = even_card(1, 100, 20'000);
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    ASSERT_TRUE(
        pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }, pair.now + seconds(10)));
    EXPECT_TRUE(same_bytes(sink.card, card));
    EXPECT_EQ(datagram_bytes(pair.server), 1'200u);
  }
}

// MTU-2
TEST(PathMtu, that_drops_in_mid_transfer_is_followed_down) {
  for (std::size_t lower : {1'200u, 1'000u, 600u, 512u}) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      SCOPED_TRACE(std::to_string(lower) + " bytes, seed " + std::to_string(seed));
      PairOptions two = options(seed, 1'452, seed % 3 == 2 ? 0.01 : 0);
      if (seed % 2 == 1) two.server.congestion.controller = Congestion::kCubic;
      Pair pair(two);
      Card card = even_card(seed, 60, 20'000);
      serve(pair.server, card);
      confirm_when_complete(pair.client);
      KeepingSink sink;
      pair.client.connection.request(pair.now, {}, sink);
      ASSERT_TRUE(pair.run([&] { return sink.arrived.size() == 20; }));
      pair.client.out.options().mtu_bytes = pair.server.out.options().mtu_bytes = lower;
      Time begin = pair.now;
      ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
      EXPECT_LT(pair.now, begin + seconds(25));
      EXPECT_TRUE(same_bytes(sink.card, card));
      EXPECT_LE(datagram_bytes(pair.server), lower);
      EXPECT_EQ(pair.late_timers, 0);
    }
  }
}

// MTU-2
TEST(PathMtu, that_rises_again_is_found_half_a_minute_later) {
  Pair pair(options(3, 1'452));
  serve(pair.server, even_card(1, 60, 20'000));
  KeepingSink sink, other;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return sink.arrived.size() == 20; }));
  pair.server.out.options().mtu_bytes = 1'000;
  ASSERT_TRUE(pair.run([&] { return sink.whole; }));
  EXPECT_EQ(datagram_bytes(pair.server), 512u);
  pair.server.out.options().mtu_bytes = 1'452;
  pair.run_until(pair.now + seconds(40));
  EXPECT_EQ(datagram_bytes(pair.server), 1'452u);
}

// MTU-1: larger ones where they are asked for.
TEST(PathMtu, of_9000_bytes_is_used_when_it_is_configured) {
  for (std::size_t mtu : {9'000u, 5'000u, 1'452u}) {
    PairOptions two = options(4, mtu);
    two.to_client.rate_bits_per_s = 200e6;
    two.server.max_datagram_bytes = 9'000;
    Pair pair(two);
    Card card = even_card(1, 100, 100'000);
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
    EXPECT_TRUE(same_bytes(sink.card, card));
    pair.run_until(pair.now + seconds(10));  // the search goes on
    EXPECT_LE(datagram_bytes(pair.server), mtu);
    EXPECT_GT(datagram_bytes(pair.server) + 32, mtu);
    EXPECT_EQ(pair.server.connection.ledger().sent.total(), pair.server.handed_out_bytes);
  }
}

// MTU-1: a new address is a new path.
TEST(PathMtu, begins_anew_at_another_address) {
  Pair pair(options(5, 1'452));
  serve(pair.server, even_card(1, 100, 20'000));
  KeepingSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return sink.arrived.size() == 30; }));
  EXPECT_EQ(datagram_bytes(pair.server), 1'452u);
  pair.client_address = 1;
  pair.server.out.options().mtu_bytes = 1'250;
  ASSERT_TRUE(pair.run([&] { return pair.server.connection.path().path == 1; }));
  EXPECT_EQ(datagram_bytes(pair.server), 1'200u);
  ASSERT_TRUE(pair.run([&] { return sink.whole; }, pair.now + seconds(5)));
}

}  // namespace
}  // namespace kvferry::test
