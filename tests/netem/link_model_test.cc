// SPDX-License-Identifier: MIT
#include "tests/netem/link_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "tests/netem/packets.h"

namespace kvferry::netem::test {
namespace {

constexpr Time kStart = time_from_ns(1'000'000'007);
constexpr int kMany = 50'000;

Bytes numbered(std::uint32_t number, std::size_t size_bytes = 100) {
  Bytes packet;
  put_le(packet, number);
  packet.resize(size_bytes);
  return packet;
}

struct Arrival {
  std::uint32_t number;
  Duration after_sending;
};

// Packets a millisecond apart, in the order in which they arrive.
std::vector<Arrival> arrivals(LinkOptions options, int count) {
  LinkModel link(options, kStart);
  std::vector<Arrival> out;
  const auto drain = [&](Time now) {
    while (auto delivery = link.take(now)) {
      const auto number = load_le<std::uint32_t>(delivery->packet.data());
      out.push_back({number, delivery->due - (kStart + milliseconds(number))});
    }
  };
  for (int i = 0; i < count; ++i) {
    drain(kStart + milliseconds(i));
    link.send(kStart + milliseconds(i), numbered(static_cast<std::uint32_t>(i)));
  }
  drain(Time::max());
  return out;
}

std::vector<bool> lost(const LinkOptions& options, int count) {
  std::vector<bool> out(static_cast<std::size_t>(count), true);
  for (const Arrival& arrival : arrivals(options, count)) out[arrival.number] = false;
  return out;
}

double share(const std::vector<bool>& flags) {
  return static_cast<double>(std::count(flags.begin(), flags.end(), true)) /
         static_cast<double>(flags.size());
}

// Four standard deviations of a binomial share.
double tolerance(double probability, double count) {
  return 4 * std::sqrt(probability * (1 - probability) / count);
}

std::vector<double> bursts_of(const std::vector<bool>& lost_packets) {
  std::vector<double> bursts;
  bool before = false;
  for (const bool is_lost : lost_packets) {
    if (is_lost && !before) bursts.push_back(0);
    if (is_lost) ++bursts.back();
    before = is_lost;
  }
  return bursts;
}

TEST(LinkModel, delays_by_serialisation_and_propagation) {
  LinkOptions options;
  options.rate_bits_per_s = 10e6;
  options.delay = milliseconds(15);
  for (const Arrival& arrival : arrivals(options, 100)) {
    EXPECT_EQ(arrival.after_sending, milliseconds(15) + Duration(80'000));  // 800 bits at 10 Mbit/s
  }
}

TEST(LinkModel, says_when_the_next_packet_arrives_and_does_not_hand_it_out_before) {
  LinkOptions options;
  options.delay = milliseconds(20);
  LinkModel link(options, kStart);
  EXPECT_FALSE(link.next());
  link.send(kStart, numbered(0));
  EXPECT_EQ(link.next(), kStart + milliseconds(20));
  EXPECT_FALSE(link.take(kStart + milliseconds(20) - Duration(1)));
  EXPECT_TRUE(link.take(kStart + milliseconds(20)));
  EXPECT_FALSE(link.next());
}

TEST(LinkModel, loses_at_random_what_it_is_told_to) {
  for (const double loss : {0.02, 0.3}) {
    LinkOptions options;
    options.loss = loss;
    EXPECT_NEAR(share(lost(options, kMany)), loss, tolerance(loss, kMany));
  }
}

// Runs of independent losses are geometric: their mean length is 1 / (1 - p).
TEST(LinkModel, random_losses_are_independent) {
  LinkOptions options;
  options.loss = 0.3;
  const auto bursts = bursts_of(lost(options, kMany));
  const double mean = kMany * 0.3 / static_cast<double>(bursts.size());
  EXPECT_NEAR(mean, 1 / 0.7, 0.02);
}

// Gilbert's chain: bursts have geometric lengths with the mean 1 / r, and π = p / (p + r) of all is lost.
TEST(LinkModel, bursts_have_the_mean_loss_and_geometric_lengths_of_gilberts_chain) {
  GilbertElliott chain(0.02, 4, 1);
  std::vector<bool> lost_packets(1'000'000);
  for (auto&& is_lost : lost_packets) is_lost = chain.loses();
  const auto bursts = bursts_of(lost_packets);
  const double count = static_cast<double>(bursts.size());
  EXPECT_NEAR(share(lost_packets), 0.02, 0.002);
  EXPECT_NEAR(share(lost_packets) * 1e6 / count, 4, 0.25);
  for (int length = 1; length <= 6; ++length) {
    const double expected = 0.25 * std::pow(0.75, length - 1);
    const double seen = static_cast<double>(std::count(bursts.begin(), bursts.end(), length)) / count;
    EXPECT_NEAR(seen, expected, tolerance(expected, count)) << length;
  }
}

TEST(LinkModel, the_same_seed_loses_the_same_packets_whatever_else_goes_wrong_and_whenever_they_come) {
  LinkOptions plain, busy;
  plain.loss = busy.loss = 0.1;
  plain.burst_loss = busy.burst_loss = 0.05;
  busy.rate_bits_per_s = 3e6;
  busy.corrupt = 0.5;
  busy.duplicate = 0.2;
  busy.reorder = 0.4;
  EXPECT_EQ(lost(plain, 10'000), lost(busy, 10'000));
  busy.seed = 2;
  EXPECT_NE(lost(plain, 10'000), lost(busy, 10'000));
}

TEST(LinkModel, corruption_flips_one_bit_that_udp_does_not_notice_and_tcp_does) {
  LinkOptions options;
  options.corrupt = 0.3;
  constexpr Endpoint kFrom{0x0a4d0001, 1000}, kTo{0x0a4d0002, 2000};
  for (const std::uint8_t protocol : {kUdp, kTcp}) {
    LinkModel link(options, kStart);
    const Bytes sent = ipv4_packet(protocol, kFrom, kTo, Bytes(333, 7));
    int corrupted = 0;
    for (int i = 0; i < 20'000; ++i) {
      link.send(kStart, sent);
      const Bytes got = link.take(kStart)->packet;
      ASSERT_TRUE(header_checksum_is_right(got));
      if (got == sent) continue;
      ++corrupted;
      EXPECT_EQ(transport_checksum_is_right(got), protocol == kUdp);
      const std::size_t payload_at = protocol == kUdp ? 28 : 20;  // TCP's header may be hit too
      int flipped = 0;
      for (std::size_t at = payload_at; at < got.size(); ++at)
        flipped += std::popcount<std::uint8_t>(got[at] ^ sent[at]);
      EXPECT_EQ(flipped, 1);
    }
    EXPECT_NEAR(corrupted / 20'000.0, 0.3, tolerance(0.3, 20'000));
    EXPECT_EQ(link.counts().corrupted, static_cast<std::uint64_t>(corrupted));
  }
}

TEST(LinkModel, duplicates_arrive_together) {
  LinkOptions options;
  options.duplicate = 0.1;
  std::vector<int> copies(kMany);
  for (const Arrival& arrival : arrivals(options, kMany)) {
    ++copies[arrival.number];
    EXPECT_EQ(arrival.after_sending, Duration(0));
  }
  const auto twice = std::count(copies.begin(), copies.end(), 2);
  EXPECT_NEAR(static_cast<double>(twice) / kMany, 0.1, tolerance(0.1, kMany));
  EXPECT_EQ(std::count(copies.begin(), copies.end(), 1) + twice, kMany);
}

TEST(LinkModel, late_packets_are_overtaken) {
  LinkOptions options;
  options.reorder = 0.1;
  options.reorder_delay = milliseconds(3);
  int late = 0, overtaken = 0;
  std::uint32_t newest = 0;
  for (const Arrival& arrival : arrivals(options, kMany)) {
    late += arrival.after_sending == milliseconds(3);
    overtaken += arrival.number < newest;
    newest = std::max(newest, arrival.number);
  }
  EXPECT_NEAR(late / static_cast<double>(kMany), 0.1, tolerance(0.1, kMany));
  // A late packet is overtaken unless the two that follow it before it comes are late as well.
  EXPECT_NEAR(overtaken / static_cast<double>(late), 1 - 0.1 * 0.1, 0.01);
}

TEST(LinkModel, holes_come_round) {
  LinkOptions options;
  options.hole_every = milliseconds(5);
  options.hole = milliseconds(2);
  const auto lost_packets = lost(options, 70);
  for (std::size_t i = 0; i < lost_packets.size(); ++i) EXPECT_EQ(lost_packets[i], i % 7 >= 5) << i;
}

TEST(LinkModel, packets_beyond_the_mtu_vanish) {
  LinkOptions options;
  options.mtu_bytes = 1300;
  LinkModel link(options, kStart);
  for (const std::size_t size : {1299, 1300, 1301, 1500}) link.send(kStart, numbered(0, size));
  EXPECT_EQ(link.take(kStart)->packet.size(), 1299u);
  EXPECT_EQ(link.take(kStart)->packet.size(), 1300u);
  EXPECT_FALSE(link.take(kStart));
  EXPECT_EQ(link.counts().too_large, 2u);
}

TEST(LinkModel, every_packet_is_counted_once) {
  LinkOptions options;
  options.rate_bits_per_s = 0.7e6;  // packets want 0.8
  options.queue_packets = 10;
  options.loss = 0.1;
  options.burst_loss = 0.1;
  options.duplicate = 0.1;
  options.hole_every = milliseconds(500);
  options.hole = milliseconds(100);
  LinkModel link(options, kStart);
  for (int i = 0; i < 10'000; ++i) link.send(kStart + milliseconds(i), numbered(0));
  while (link.take(Time::max())) {
  }
  const LinkCounts& n = link.counts();
  EXPECT_EQ(n.sent, 10'000u);
  EXPECT_GT(std::min({n.queue_full, n.in_hole, n.lost, n.duplicated}), 100u);
  EXPECT_EQ(n.sent + n.duplicated, n.queue_full + n.in_hole + n.lost + n.delivered);
}

TEST(LinkModel, begins_where_in_its_trace_it_is_told) {
  LinkOptions options;
  options.trace = std::make_shared<const DeliveryTrace>(*DeliveryTrace::from_times_ms({2, 5, 9}));
  options.trace_start = milliseconds(4);
  LinkModel link(options, kStart);
  for (int i = 0; i < 3; ++i) link.send(kStart, numbered(0, 1500));
  for (const int expected_ms : {1, 5, 7})
    EXPECT_EQ(link.take(Time::max())->due, kStart + milliseconds(expected_ms));
}

}  // namespace
}  // namespace kvferry::netem::test
