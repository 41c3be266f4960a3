// SPDX-License-Identifier: MIT
//
// Varints, checksums, digests, range sets, packets' bookkeeping.
#include <gtest/gtest.h>

#include <set>

#include "protocol/base/crc32c.h"
#include "protocol/base/digest.h"
#include "protocol/base/range_set.h"
#include "protocol/base/rng.h"
#include "protocol/base/varint.h"
#include "protocol/datagram/received_packets.h"
#include "protocol/datagram/sent_packets.h"

namespace kvferry {
namespace {

TEST(Varint, every_value_reads_back_in_its_shortest_form) {
  Rng rng(1);
  for (int i = 0; i < 10000; ++i) {
    std::uint64_t value = rng.next() >> (2 + rng.below(62));
    Bytes out;
    put_varint(out, value);
    VarintRead read = read_varint(out);
    ASSERT_EQ(read.error, VarintError::kNone);
    ASSERT_EQ(read.value, value);
    ASSERT_EQ(read.size_bytes, varint_size(value));
  }
}

TEST(Checksum, crc32c_has_the_published_check_value) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283u);
  EXPECT_EQ(crc32c(as_bytes("6789"), crc32c(as_bytes("12345"))), 0xE3069283u);
}

TEST(Digests, sha256_has_the_published_value_and_reads_back) {
  Digest digest = sha256(as_bytes("abc"));
  EXPECT_EQ(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(*Digest::from_hex(digest.hex()), digest);
  EXPECT_FALSE(Digest::from_hex("ba78").ok());
  EXPECT_FALSE(Digest::from_hex(std::string(64, 'g')).ok());
}

TEST(RangeSets, behave_like_sets_of_integers) {
  Rng rng(2);
  RangeSet ranges;
  std::set<std::uint64_t> truth;
  for (int i = 0; i < 300; ++i) {
    std::uint64_t begin = rng.below(400);
    std::uint64_t end = begin + rng.below(10);
    std::uint64_t fresh = 0;
    for (std::uint64_t v = begin; v < end; ++v) fresh += truth.insert(v).second ? 1 : 0;
    ASSERT_EQ(ranges.add(begin, end), fresh);
    ASSERT_EQ(ranges.size(), truth.size());
  }
  std::uint64_t gaps = 0;
  for (const Range& gap : ranges.missing(0, 410)) gaps += gap.end - gap.begin;
  EXPECT_EQ(gaps, 410 - truth.size());
  ranges.forget_below(200);
  for (std::uint64_t v = 0; v < 410; ++v) EXPECT_EQ(ranges.contains(v), v >= 200 && truth.count(v) == 1);
}

// A range touches a set when adding it makes no new range.
TEST(RangeSets, are_touched_by_what_overlaps_or_stands_beside) {
  Rng rng(3);
  for (int round = 0; round < 200; ++round) {
    RangeSet ranges;
    for (int i = 0; i < 6; ++i) {
      std::uint64_t begin = rng.below(60);
      ranges.add(begin, begin + 1 + rng.below(6));
    }
    std::uint64_t begin = rng.below(70), end = begin + 1 + rng.below(5);
    RangeSet grown = ranges;
    grown.add(begin, end);
    ASSERT_EQ(ranges.touches(begin, end), grown.ranges().size() <= ranges.ranges().size());
  }
  EXPECT_FALSE(RangeSet().touches(0, 1));
}

TEST(Acknowledgements, come_at_every_second_packet_and_at_once_after_a_gap) {
  ReceivedPackets received;
  Time now = time_from_ns(0);
  received.add(now, 0, true);
  EXPECT_FALSE(received.ack_due(now));
  EXPECT_EQ(received.due_at(), now + kMaxAckDelay);
  received.add(now, 1, true);
  EXPECT_TRUE(received.ack_due(now));
  EXPECT_EQ(received.make_ack(now).ranges, (std::vector<Range>{{0, 2}}));
  received.add(now, 3, true);
  EXPECT_TRUE(received.ack_due(now));
  EXPECT_FALSE(received.is_new(3));
  EXPECT_TRUE(received.is_new(2));
}

TEST(Acknowledgements, remember_at_most_64_ranges) {
  ReceivedPackets received;
  for (std::uint64_t n = 0; n < 1000; n += 2) received.add(time_from_ns(0), n, true);
  EXPECT_EQ(received.make_ack(time_from_ns(0)).ranges.size(), kMaxAckRanges);
  EXPECT_FALSE(received.is_new(1));  // older than what is remembered
}

TEST(LossDetection, of_skipped_and_unsent_numbers_is_a_lie) {
  RttEstimator rtt;
  SentPackets sent;
  sent.add(0, SentPacket{.sent_at = time_from_ns(0), .size_bytes = 100, .pieces = {}, .acked_up_to = {}});
  sent.skip(1);
  EXPECT_FALSE(sent.on_ack(time_from_ns(1), AckFrame{{{0, 2}}, {}}, 2, rtt).ok());
  EXPECT_FALSE(sent.on_ack(time_from_ns(1), AckFrame{{{0, 1}}, {}}, 0, rtt).ok());
  EXPECT_TRUE(sent.on_ack(time_from_ns(1), AckFrame{{{0, 1}}, {}}, 2, rtt).ok());
}

TEST(LossDetection, three_newer_packets_or_nine_eighths_of_a_round_trip) {
  RttEstimator rtt;
  SentPackets sent;
  for (std::uint64_t n = 0; n < 4; ++n) {
    sent.add(n, SentPacket{.sent_at = time_from_ns(0), .size_bytes = 100, .pieces = {}, .acked_up_to = {}});
  }
  Time now = time_from_ns(0) + milliseconds(80);
  ASSERT_TRUE(sent.on_ack(now, AckFrame{{{3, 4}}, {}}, 4, rtt).ok());
  EXPECT_EQ(sent.detect_lost(now, rtt).packets.size(), 1u);  // number 0, three below
  EXPECT_EQ(sent.loss_time(), time_from_ns(0) + milliseconds(90));
  EXPECT_EQ(sent.detect_lost(time_from_ns(0) + milliseconds(90), rtt).packets.size(), 2u);
  EXPECT_EQ(sent.bytes_in_flight(), 0u);
}

}  // namespace
}  // namespace kvferry
