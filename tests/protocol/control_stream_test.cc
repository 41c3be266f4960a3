// SPDX-License-Identifier: MIT
//
// The control stream: in order and whole, whatever is lost, within its bounds.
#include "protocol/datagram/control_stream.h"

#include <gtest/gtest.h>

#include <deque>

#include "protocol/base/rng.h"

namespace kvferry {
namespace {

using Frames = std::vector<std::pair<std::uint64_t, Bytes>>;

struct Inbox {
  ControlReceiver receiver;
  Frames frames;
  std::optional<ControlReceiver::Fault> deliver() {
    return receiver.deliver([this](std::uint64_t type, ByteView body) {
      frames.emplace_back(type, Bytes(body.begin(), body.end()));
    });
  }
};

Bytes frame(std::uint64_t type, std::uint64_t size_bytes) {
  Bytes bytes;
  put_varint(bytes, type);
  put_varint(bytes, size_bytes);
  bytes.resize(bytes.size() + size_bytes);
  return bytes;
}

// PKT-3: losses travel again until everything is acknowledged.
TEST(ControlStream, delivers_every_frame_in_order) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    ControlSender sender;
    Inbox inbox;
    Frames sent;
    struct Flight {
      std::uint64_t offset;
      Bytes bytes;
    };
    std::deque<Flight> flight;
    for (int step = 0; step < 5'000; ++step) {
      if (sent.size() < 40 && rng.chance(0.1)) {
        sent.emplace_back(rng.below(200), Bytes(rng.below(3'000), static_cast<std::uint8_t>(step)));
        sender.push({sent.back().first, sent.back().second, {}});
      }
      if (auto piece = sender.next(1 + rng.below(1'200)))
        flight.push_back({piece->offset, Bytes(piece->bytes.begin(), piece->bytes.end())});
      if (flight.empty() || rng.chance(0.4)) continue;
      std::size_t which = rng.below(std::min<std::size_t>(flight.size(), 4));
      Flight one = std::move(flight[which]);
      flight.erase(flight.begin() + static_cast<std::ptrdiff_t>(which));
      bool arrives = rng.chance(0.7);
      if (arrives) {
        ASSERT_NE(inbox.receiver.add(one.offset, one.bytes), ControlReceiver::Outcome::kNoRoom);
        ASSERT_FALSE(inbox.deliver());
      }
      // Some arrive and are taken for lost all the same.
      arrives&& rng.chance(0.9) ? sender.acknowledged(one.offset, one.bytes.size())
                                : sender.lost(one.offset, one.bytes.size());
    }
    ASSERT_TRUE(sender.all_acknowledged());
    ASSERT_FALSE(sender.next(100));
    ASSERT_EQ(inbox.frames, sent);
  }
}

// PKT-6
TEST(ControlStream, takes_no_more_than_its_window_ahead) {
  Inbox inbox;
  Bytes byte(1);
  EXPECT_EQ(inbox.receiver.add(kControlWindowBytes, byte), ControlReceiver::Outcome::kNoRoom);
  EXPECT_EQ(inbox.receiver.add(kControlWindowBytes - 1, byte), ControlReceiver::Outcome::kTaken);
  ControlSender sender;
  Bytes body(kMaxControlBodyBytes);
  std::size_t pushed = 0;
  for (; sender.has_room(body.size()); ++pushed) sender.push({1, body, {}});
  EXPECT_LE(pushed * body.size(), kControlWindowBytes);
  EXPECT_GT((pushed + 1) * (body.size() + 8), kControlWindowBytes);
  (void)sender.next(body.size() + 8);
  sender.acknowledged(0, body.size() + 8);
  EXPECT_TRUE(sender.has_room(body.size()));
}

// PKT-8
TEST(ControlStream, remembers_a_bounded_number_of_gaps) {
  Inbox inbox;
  Bytes byte(1);
  for (std::uint64_t i = 1; i <= ControlReceiver::kMaxGaps; ++i)
    ASSERT_EQ(inbox.receiver.add(2 * i, byte), ControlReceiver::Outcome::kTaken);
  EXPECT_EQ(inbox.receiver.add(5'000, byte), ControlReceiver::Outcome::kNoRoom);
  EXPECT_EQ(inbox.receiver.add(4, byte), ControlReceiver::Outcome::kRepeated);
  EXPECT_EQ(inbox.receiver.add(3, byte), ControlReceiver::Outcome::kTaken);  // joins two
  EXPECT_EQ(inbox.receiver.add(5'000, byte), ControlReceiver::Outcome::kTaken);
  EXPECT_EQ(inbox.receiver.add(6'000, byte), ControlReceiver::Outcome::kNoRoom);
}

TEST(ControlStream, ignores_what_was_delivered) {
  Inbox inbox;
  Bytes first = frame(7, 10);
  EXPECT_EQ(inbox.receiver.add(0, first), ControlReceiver::Outcome::kTaken);
  EXPECT_FALSE(inbox.deliver());
  EXPECT_EQ(inbox.receiver.add(0, first), ControlReceiver::Outcome::kRepeated);
  Bytes longer = first;
  append(longer, frame(8, 3));
  EXPECT_EQ(inbox.receiver.add(0, longer), ControlReceiver::Outcome::kTaken);
  EXPECT_FALSE(inbox.deliver());
  EXPECT_EQ(inbox.frames, (Frames{{7, Bytes(10)}, {8, Bytes(3)}}));
  EXPECT_EQ(inbox.receiver.add(3, {}), ControlReceiver::Outcome::kRepeated);
}

// What was delivered is moved off now and then: never at a wrong place.
TEST(ControlStream, delivers_small_frames_behind_large_ones_that_are_not_whole) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Bytes stream;
    std::vector<std::size_t> sizes;
    for (int i = 0; i < 60; ++i) {
      sizes.push_back(rng.chance(0.2) ? rng.below(20'000) : rng.below(20));
      Bytes one = frame(2, sizes.back());
      std::fill(one.end() - static_cast<std::ptrdiff_t>(sizes.back()), one.end(),
                static_cast<std::uint8_t>(i));
      append(stream, one);
    }
    Inbox inbox;
    for (std::size_t at = 0; at < stream.size();) {
      std::size_t size = std::min<std::size_t>(1 + rng.below(3'000), stream.size() - at);
      ASSERT_EQ(inbox.receiver.add(at, ByteView(stream).subspan(at, size)), ControlReceiver::Outcome::kTaken);
      ASSERT_FALSE(inbox.deliver());
      at += size;
    }
    ASSERT_EQ(inbox.frames.size(), sizes.size());
    for (std::size_t i = 0; i < sizes.size(); ++i)
      ASSERT_EQ(inbox.frames[i].second, Bytes(sizes[i], static_cast<std::uint8_t>(i)));
  }
}

// FRM-3, PRM-1
TEST(ControlStream, finds_frames_that_are_too_large_and_varints_that_are_too_long) {
  Inbox large, longer;
  Bytes head;
  put_varint(head, static_cast<std::uint64_t>(FrameType::kPing));
  put_varint(head, kMaxControlBodyBytes + 1);
  (void)large.receiver.add(0, head);
  auto fault = large.deliver();
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, ErrorCode::kLimit);
  (void)longer.receiver.add(0, Bytes{0x40, 0x01, 0x00});
  fault = longer.deliver();
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, ErrorCode::kMalformed);
}

}  // namespace
}  // namespace kvferry
