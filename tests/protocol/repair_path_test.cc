// SPDX-License-Identifier: MIT
//
// Repair packets on the path: what is lost is solved for, and still counts as lost.
#include <gtest/gtest.h>

#include "protocol/datagram/repair_frame.h"
#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

PairOptions options(std::uint64_t seed, double loss, Repair repair = Repair::kFollowLoss) {
  LinkOptions link;
  link.rate_bits_per_s = 20e6;
  link.delay = milliseconds(25);
  link.loss = loss;
  PairOptions two = pair_options(Binding::kDatagram, link, seed);
  two.client.repair = two.server.repair = repair;
  return two;
}

// RPR-2
TEST(RepairPath, cards_arrive_identical_and_packets_are_recovered) {
  std::uint64_t recovered = 0, lost = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Card card = sample_card(seed, 40, 30'000);
    PairOptions two = options(seed, 0.005 * static_cast<double>(seed % 20));
    two.to_client.reorder = seed % 3 == 0 ? 0.1 : 0;
    Pair pair(two);
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
    ASSERT_TRUE(same_bytes(sink.card, card));
    for (Side* side : {&pair.client, &pair.server})
      ASSERT_EQ(side->connection.ledger().sent.total(), side->handed_out_bytes);
    ASSERT_EQ(pair.server.connection.ledger().sent.payload, card.manifest.payload_bytes());
    recovered += pair.client.connection.path().packets_recovered;
    lost += pair.server.connection.path().packets_lost;
  }
  EXPECT_GT(recovered, 200u);
  EXPECT_GT(lost, recovered / 2);
}

// RPR-2, CNG-2: the same losses with and without, to within what probes make of them.
TEST(RepairPath, what_is_recovered_is_a_loss_all_the_same) {
  std::uint64_t recovered = 0, counted = 0, happened = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    PairOptions two = options(seed, 0.05);
    two.to_server.loss = 0;
    two.server.repair_loss_floor = 0.1;
    Pair pair(two);
    serve(pair.server, even_card(seed, 100, 20'000));
    confirm_when_complete(pair.client);
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; })) << "seed " << seed;
    PathStats server = pair.server.connection.path();
    recovered += pair.client.connection.path().packets_recovered;
    counted += server.packets_lost;
    happened += server.packets_sent - pair.client.connection.path().packets_received;
  }
  EXPECT_GT(recovered, happened / 2);
  EXPECT_GT(counted, happened * 8 / 10);
}

TEST(RepairPath, is_off_unless_it_is_asked_for) {
  Pair pair(options(1, 0.05, Repair::kOff));
  serve(pair.server, even_card(1, 50, 20'000));
  confirm_when_complete(pair.client);
  KeepingSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_EQ(pair.server.connection.ledger().sent.fec, 0u);
  EXPECT_EQ(pair.client.connection.path().packets_recovered, 0u);
  EXPECT_EQ(ConnectionConfig().repair, Repair::kOff);
}

// Section 6.7: only to a peer with feature bit 3.
TEST(RepairPath, is_not_sent_to_a_peer_that_does_not_read_it) {
  PairOptions two = options(1, 0.05);
  two.client.hello.features &= ~std::uint64_t{kFeatureRepair};
  Pair pair(two);
  serve(pair.server, even_card(1, 50, 20'000));
  confirm_when_complete(pair.client);
  KeepingSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_EQ(pair.server.connection.ledger().sent.fec, 0u);
}

TEST(RepairPath, costs_nothing_where_nothing_is_lost) {
  Pair pair(options(1, 0));
  serve(pair.server, even_card(1, 50, 20'000));
  confirm_when_complete(pair.client);
  KeepingSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_EQ(pair.server.connection.ledger().sent.fec, 0u);
}

// MTU-1: the loss of such a probe says nothing of the path.
TEST(RepairPath, costs_nothing_for_probes_that_were_too_large) {
  PairOptions two = options(1, 0);
  two.to_client.mtu_bytes = 1'300;
  Pair pair(two);
  serve(pair.server, even_card(1, 50, 20'000));
  confirm_when_complete(pair.client);
  KeepingSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_EQ(pair.server.connection.ledger().sent.fec, 0u);
}

// A second card, on a connection whose window is no longer the first one.
double seconds_for_small_card(std::uint64_t seed, Repair repair) {
  PairOptions two = options(seed, 0, repair);
  two.server.repair_loss_floor = 0.15;
  Pair pair(two);
  std::vector<Card> cards{even_card(1, 20, 20'000), even_card(2, 1, 12'000)};
  std::size_t served = 0;
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event))
      pair.server.connection.provide(now, wanted->id, std::make_shared<CardSource>(cards[served++]));
  };
  KeepingSink first, second;
  Time begin{};
  pair.client.on_event = [&](Time now, const Event& event) {
    if (std::holds_alternative<event::ManifestArrived>(event)) begin = now;
    if (auto* complete = std::get_if<event::Complete>(&event))
      pair.client.connection.confirm(now, complete->id);
  };
  pair.client.connection.request(pair.now, {}, first);
  EXPECT_TRUE(pair.run([&] { return first.whole; })) << "seed " << seed;
  pair.run_until(pair.now + milliseconds(500));
  pair.server.out.options().loss = 0.1;
  pair.client.connection.request(pair.now, {}, second);
  EXPECT_TRUE(pair.run([&] { return second.whole; })) << "seed " << seed;
  return to_seconds(pair.now - begin);
}

// A lost tail waits for no probe timeout.
TEST(RepairPath, the_tail_of_a_small_card_needs_no_further_round_trips) {
  std::vector<double> with, without;
  for (std::uint64_t seed = 0; seed < 101; ++seed) {
    with.push_back(seconds_for_small_card(seed, Repair::kFollowLoss));
    without.push_back(seconds_for_small_card(seed, Repair::kOff));
  }
  std::sort(with.begin(), with.end());
  std::sort(without.begin(), without.end());
  EXPECT_LT(with[50], 0.6 * without[50]);
  EXPECT_LT(with[80], 0.6 * without[80]);
}

// Datagrams are no larger than they may be, whatever a packet has to carry.
TEST(RepairPath, small_datagrams_stay_small) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PairOptions two = options(seed, 0.2);
    two.to_client.reorder = two.to_server.reorder = 0.4;
    two.to_client.mtu_bytes = two.to_server.mtu_bytes = 1'200;
    two.client.max_datagram_bytes = two.server.max_datagram_bytes = 256;
    Pair pair(two);
    Card card = even_card(seed, 20, 5'000);
    serve(pair.server, card);
    KeepingSink sink, other;
    pair.client.on_event = [&](Time now, const Event& event) {
      if (auto* complete = std::get_if<event::Complete>(&event))
        pair.client.connection.confirm(now, complete->id);
      if (auto* offered = std::get_if<event::Offered>(&event))
        pair.client.connection.accept(now, offered->id, other);
      if (auto* wanted = std::get_if<event::Requested>(&event))
        pair.client.connection.provide(now, wanted->id, std::make_shared<CardSource>(card));
    };
    pair.client.connection.request(pair.now, {}, sink);
    pair.server.connection.request(pair.now, {}, other);
    std::uint64_t count = 0, bytes = 0, largest = 0;
    ASSERT_TRUE(pair.run([&] {
      if (pair.server.out.sent_count() == count + 1)
        largest = std::max(largest, pair.server.out.sent_bytes() - bytes);
      count = pair.server.out.sent_count();
      bytes = pair.server.out.sent_bytes();
      return sink.whole && other.whole;
    }));
    EXPECT_LE(largest, 256u);
  }
}

// RPR-1
TEST(RepairPath, what_no_encoder_makes_ends_the_connection) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    ConnectionConfig config;
    config.role = Role::kServer;
    config.binding = Binding::kDatagram;
    RawPeer peer(config);
    peer.greet();
    RepairFrame frame{{1, 2}, 0, 1, Bytes(20)};
    if (seed == 0) frame.index = 1;          // not below the count
    if (seed == 1) frame.numbers[1] = 257;   // too far
    if (seed == 2) frame.symbol = Bytes(2);  // too short
    Bytes body;
    frame.serialize(body);
    peer.send_packet(FrameType::kRepair, body);
    peer.drain();
    EXPECT_EQ(peer.fault(), ErrorCode::kMalformed) << seed;
  }
}

// Section 6.7: RECOVERED of what was never sent is as bad as its ACK.
TEST(RepairPath, recovered_that_was_never_sent_ends_the_connection) {
  ConnectionConfig config;
  config.role = Role::kServer;
  config.binding = Binding::kDatagram;
  RawPeer peer(config);
  peer.greet();
  AckFrame told;
  told.ranges = {{500, 501}};
  Bytes body;
  told.serialize(body);
  peer.send_packet(FrameType::kRecovered, body);
  peer.drain();
  EXPECT_EQ(peer.fault(), ErrorCode::kAcknowledgement);
}

// RPR-2: a packet that is solved for may hold another REPAIR, and so on: it is not followed.
TEST(RepairPath, repair_within_repair_is_ignored) {
  ConnectionConfig config;
  config.role = Role::kServer;
  config.binding = Binding::kDatagram;
  RawPeer peer(config);
  peer.greet();
  Bytes frames{0x1D + 0x18, 0x00};  // a PROBE
  std::uint64_t number = 100'000;
  while (frames.size() < 15'000) {
    // One source and one symbol: the symbol is the source, divided by 1.
    RepairFrame repair{{--number}, 0, 1, source_symbol(frames, frames.size() + kSymbolHeadBytes)};
    Bytes body;
    repair.serialize(body);
    frames.clear();
    put_packet_frame_head(frames, FrameType::kRepair, body.size());
    append(frames, body);
  }
  ByteReader in(frames);
  auto outermost = take_packet_frame(in);
  peer.send_packet(FrameType::kRepair, outermost->body);
  peer.drain();
  EXPECT_FALSE(peer.fault());
  EXPECT_EQ(peer.connection.path().packets_recovered, 1u);
}

}  // namespace
}  // namespace kvferry::test
