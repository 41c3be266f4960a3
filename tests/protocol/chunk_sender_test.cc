// SPDX-License-Identifier: MIT
//
// A source's chunks, cut into pieces: order, credit, budget, and what is given up.
#include "protocol/connection/chunk_sender.h"

#include <gtest/gtest.h>

#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

// Chunks of 100 bytes; those from `fine` on are of level 1.
std::shared_ptr<CardSource> source_of(std::size_t chunks, std::size_t fine = SIZE_MAX) {
  Card card = sample_card(1, 0, 1);
  for (std::size_t i = 0; i < chunks; ++i) {
    ChunkInfo info;
    info.layer_count = 2;
    info.row_count = 64;
    info.level = i >= fine ? 1 : 0;
    add_chunk(card, info, Slice(Bytes(100, static_cast<std::uint8_t>(i))));
  }
  return std::make_shared<CardSource>(card);
}

ChunkSender::Options options(bool until_acknowledged = true) {
  ChunkSender::Options options;
  options.until_acknowledged = until_acknowledged;
  options.credit_bytes = 1 << 30;
  return options;
}

ChunkRanges set_of(std::initializer_list<std::uint32_t> indices) {
  ChunkRanges out;
  for (std::uint32_t index : indices) out.add(index);
  return out;
}

std::optional<DataPiece> next(ChunkSender& sender, std::size_t max_bytes = 60) {
  auto piece = sender.next(max_bytes);
  EXPECT_TRUE(piece.ok());
  return *piece;
}

// Takes everything that can be sent now; the chunks in the order in which they were begun.
std::vector<std::uint64_t> drain(ChunkSender& sender, std::vector<DataPiece>* pieces = nullptr) {
  std::vector<std::uint64_t> order;
  while (auto piece = next(sender)) {
    if (order.empty() || order.back() != piece->place.chunk) order.push_back(piece->place.chunk);
    if (pieces) pieces->push_back(*piece);
  }
  return order;
}

TEST(ChunkSender, cuts_chunks_in_the_order_of_the_table) {
  ChunkSender sender(options(), source_of(3), set_of({1}));
  std::vector<DataPiece> pieces;
  EXPECT_EQ(drain(sender, &pieces), (std::vector<std::uint64_t>{0, 2}));
  ASSERT_EQ(pieces.size(), 4u);
  EXPECT_EQ(pieces[1].place.offset, 60u);
  EXPECT_EQ(pieces[1].bytes.size(), 40u);
  EXPECT_FALSE(pieces[1].again);
  EXPECT_TRUE(sender.exhausted());
  EXPECT_EQ(sender.chunks_begun(), 2u);
}

// TRF-10
TEST(ChunkSender, sends_what_was_lost_then_what_was_asked_for_again_then_what_is_preferred) {
  ChunkSender sender(options(), source_of(6), {});
  for (int i = 0; i < 4; ++i) (void)next(sender);  // 0 and 1
  sender.prefer(set_of({4}));
  sender.resend(set_of({0}));
  sender.lost({0, 1, 10}, 20);
  auto lost = next(sender);
  EXPECT_EQ(lost->place.chunk, 1u);
  EXPECT_EQ(lost->place.offset, 10u);
  EXPECT_EQ(lost->bytes.size(), 20u);
  EXPECT_TRUE(lost->again);
  EXPECT_EQ(drain(sender), (std::vector<std::uint64_t>{0, 4, 2, 3, 5}));
}

TEST(ChunkSender, does_not_repeat_what_was_acknowledged) {
  ChunkSender sender(options(), source_of(1), {});
  (void)drain(sender);
  sender.acknowledged({0, 0, 20}, 30);
  sender.lost({0, 0, 0}, 60);
  EXPECT_EQ(next(sender)->bytes.size(), 20u);
  auto rest = next(sender);
  EXPECT_EQ(rest->place.offset, 50u);
  EXPECT_EQ(rest->bytes.size(), 10u);
  EXPECT_FALSE(next(sender));
  sender.lost({0, 0, 0}, 20);
  sender.acknowledged({0, 0, 0}, 20);  // it was only late
  EXPECT_FALSE(next(sender));
  sender.acknowledged({0, 0, 50}, 50);
  sender.lost({0, 0, 0}, 100);  // whole and forgotten
  EXPECT_FALSE(sender.ready());
}

// TRF-9
TEST(ChunkSender, begins_nothing_beyond_the_credit) {
  ChunkSender::Options little = options();
  little.credit_bytes = 250;
  ChunkSender sender(little, source_of(4), {});
  EXPECT_EQ(drain(sender), (std::vector<std::uint64_t>{0, 1}));
  EXPECT_FALSE(sender.ready());
  EXPECT_FALSE(sender.exhausted());
  sender.raise_credit(300);
  EXPECT_TRUE(sender.ready());
  EXPECT_EQ(drain(sender), std::vector<std::uint64_t>{2});
  sender.lost({0, 0, 0}, 10);  // costs no credit
  EXPECT_TRUE(sender.ready());
  EXPECT_EQ(drain(sender), std::vector<std::uint64_t>{0});
  sender.resend(set_of({1}));  // nor does this
  EXPECT_TRUE(sender.ready());
  EXPECT_EQ(drain(sender), std::vector<std::uint64_t>{1});
  EXPECT_FALSE(sender.ready());
}

// TRF-9: skipped or not, what was begun counts already.
TEST(ChunkSender, charges_a_chunk_once) {
  ChunkSender::Options little = options();
  little.credit_bytes = 200;
  ChunkSender sender(little, source_of(3), {});
  EXPECT_EQ(drain(sender), (std::vector<std::uint64_t>{0, 1}));
  sender.resend(set_of({0}));
  EXPECT_EQ(next(sender)->place.chunk, 0u);
  sender.skip(set_of({0}), SkipReason::kChoice);
  sender.resend(set_of({1}));
  sender.skip(set_of({1}), SkipReason::kChoice);
  ASSERT_TRUE(sender.take_skipped());
  EXPECT_FALSE(sender.ready());
  sender.raise_credit(300);
  EXPECT_EQ(drain(sender), std::vector<std::uint64_t>{2});
}

// TRF-9: a chunk that is skipped counts as begun, so that both sides agree.
TEST(ChunkSender, charges_what_it_skips) {
  ChunkSender::Options little = options();
  little.credit_bytes = 250;
  ChunkSender sender(little, source_of(6), {});
  sender.skip(set_of({0, 1, 2}), SkipReason::kChoice);
  ASSERT_TRUE(sender.take_skipped());
  EXPECT_FALSE(sender.ready());
  sender.raise_credit(400);
  EXPECT_EQ(drain(sender), std::vector<std::uint64_t>{3});
}

// TRF-13, TRF-11
TEST(ChunkSender, gives_up_what_exceeds_the_budget_or_the_level) {
  ChunkSender::Options small = options();
  small.budget_bytes = 250;
  ChunkSender sender(small, source_of(6, 4), {});
  sender.limit_level(0);
  EXPECT_EQ(drain(sender), (std::vector<std::uint64_t>{0, 1}));
  auto first = sender.take_skipped(), second = sender.take_skipped();
  EXPECT_FALSE(sender.take_skipped());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->reason, SkipReason::kLevel);
  EXPECT_EQ(first->chunks, set_of({4, 5}));
  EXPECT_EQ(second->reason, SkipReason::kBudget);
  EXPECT_EQ(second->chunks, set_of({2, 3}));
  EXPECT_TRUE(sender.exhausted());
}

// TRF-7
TEST(ChunkSender, sends_the_rest_of_what_is_there_in_part) {
  ChunkSender::Options resumed = options();
  resumed.partial = ChunkPrefixes({{1, Slice(Bytes(70))}});
  resumed.budget_bytes = 130;
  ChunkSender sender(resumed, source_of(2), {});
  std::vector<DataPiece> pieces;
  (void)drain(sender, &pieces);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[2].place.offset, 70u);
  EXPECT_EQ(pieces[2].bytes.size(), 30u);
  sender.acknowledged({0, 1, 70}, 30);
  sender.lost({0, 1, 0}, 100);
  EXPECT_FALSE(sender.ready());
  sender.resend(set_of({1}));  // its digest differed: whole
  auto again = next(sender, 1'000);
  EXPECT_EQ(again->place.offset, 0u);
  EXPECT_EQ(again->bytes.size(), 100u);
}

// TRF-8, TRF-12
TEST(ChunkSender, resends_what_was_known_in_vain_and_never_what_was_skipped) {
  ChunkSender sender(options(), source_of(4), {});
  sender.know(set_of({0, 1}));
  sender.skip(set_of({2}), SkipReason::kChoice);
  EXPECT_EQ(drain(sender), std::vector<std::uint64_t>{3});
  sender.resend(set_of({0, 2, 9}));
  EXPECT_EQ(drain(sender), std::vector<std::uint64_t>{0});
  EXPECT_TRUE(sender.exhausted());
}

// TRF-12
TEST(ChunkSender, skips_only_what_is_not_wholly_sent) {
  ChunkSender sender(options(), source_of(6), {});
  for (int i = 0; i < 7; ++i) (void)next(sender);  // 0 to 2, and a part of 3
  sender.lost({0, 1, 0}, 60);
  sender.resend(set_of({2}));
  sender.skip(set_of({0, 1, 2, 3, 5}), SkipReason::kChoice);
  EXPECT_EQ(sender.take_skipped()->chunks, set_of({1, 2, 3, 5}));
  EXPECT_EQ(drain(sender), std::vector<std::uint64_t>{4});
}

// TRF-14
TEST(ChunkSender, gives_up_everything_when_it_is_too_late) {
  ChunkSender sender(options(), source_of(6), {});
  for (int i = 0; i < 7; ++i) (void)next(sender);
  sender.lost({0, 1, 0}, 60);
  sender.resend(set_of({2}));
  sender.expire();
  EXPECT_EQ(sender.take_skipped()->chunks, set_of({1, 2, 3, 4, 5}));
  EXPECT_TRUE(sender.exhausted());
  sender.lost({0, 0, 0}, 60);
  EXPECT_EQ(sender.take_skipped()->chunks, set_of({0}));
  sender.lost({0, 0, 60}, 40);
  sender.resend(set_of({0, 1}));
  EXPECT_FALSE(sender.take_skipped());
  EXPECT_FALSE(sender.ready());
}

// TRF-4
TEST(ChunkSender, waits_for_have) {
  ChunkSender::Options waits = options();
  waits.wait_for_have = true;
  ChunkSender sender(waits, source_of(3), {});
  EXPECT_FALSE(sender.ready());
  EXPECT_FALSE(next(sender));
  sender.have(set_of({1}));
  EXPECT_EQ(drain(sender), (std::vector<std::uint64_t>{0, 2}));
}

// TRF-17
TEST(ChunkSender, has_nothing_to_say_once_it_was_dropped) {
  ChunkSender sender(options(), source_of(3), {});
  (void)next(sender);
  sender.lost({0, 0, 0}, 60);
  sender.drop();
  sender.lost({0, 0, 0}, 60);
  sender.resend(set_of({0}));
  EXPECT_FALSE(sender.ready());
  EXPECT_TRUE(sender.exhausted());
  EXPECT_FALSE(next(sender));
}

TEST(ChunkSender, finds_a_source_that_contradicts_its_table) {
  class Short final : public ChunkSource {
   public:
    const Manifest& manifest() const override { return source_->manifest(); }
    Result<Slice> chunk(std::uint32_t) override { return Slice(Bytes(99)); }

   private:
    std::shared_ptr<CardSource> source_ = source_of(2);
  };
  ChunkSender sender(options(), std::make_shared<Short>(), {});
  auto piece = sender.next(60);
  ASSERT_FALSE(piece.ok());
  EXPECT_EQ(piece.error().message, "source: chunk 0 has 99 bytes, the table says 100");
}

// Whatever happens, everything is sent, known or skipped in the end, and nothing twice without a reason.
TEST(ChunkSender, settles_every_chunk_whatever_is_asked_of_it) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    ChunkSender::Options tight = options();
    tight.credit_bytes = 300;
    if (seed % 2 == 0) tight.budget_bytes = rng.below(1'200);
    ChunkSender sender(tight, source_of(12, 9), {});
    std::vector<DataPiece> flight;
    std::uint64_t fresh_bytes = 0;
    for (int step = 0; step < 3'000 && !(sender.exhausted() && flight.empty()); ++step) {
      auto chunk = static_cast<std::uint32_t>(rng.below(12));
      std::uint64_t what = rng.below(100);
      if (what < 2) sender.prefer(set_of({chunk}));
      if (what == 3) sender.skip(set_of({chunk}), SkipReason::kChoice);
      if (what == 4) sender.know(set_of({chunk}));
      if (what == 5) sender.limit_level(static_cast<std::uint8_t>(rng.below(2)));
      if (what == 6 && step < 200) sender.resend(set_of({chunk}));
      if (what == 7) sender.raise_credit(sender.credit_bytes() + 100);
      if (what == 8 && rng.chance(0.05)) sender.expire();
      while (sender.take_skipped()) {
      }
      if (auto piece = next(sender, 1 + rng.below(80))) {
        ASSERT_EQ(piece->bytes.data()[0], piece->place.chunk);
        if (!piece->again) fresh_bytes += piece->bytes.size();
        flight.push_back(std::move(*piece));
      }
      if (flight.empty() || rng.chance(0.5)) continue;
      DataPiece settled = std::move(flight.front());
      flight.erase(flight.begin());
      if (rng.chance(0.3))
        sender.lost(settled.place, settled.bytes.size());
      else
        sender.acknowledged(settled.place, settled.bytes.size());
    }
    ASSERT_TRUE(sender.exhausted());
    ASSERT_LE(fresh_bytes, tight.budget_bytes.value_or(UINT64_MAX));
  }
}

}  // namespace
}  // namespace kvferry::test
