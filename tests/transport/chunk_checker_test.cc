// SPDX-License-Identifier: MIT
#include "transport/chunk_checker.h"
// After asio.h.
#include <gtest/gtest.h>

#include <optional>

#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

constexpr std::size_t kLargeBytes = 3u << 20;

ChunkCheck check_of(std::uint32_t chunk, std::size_t size_bytes, bool right = true) {
  Rng rng(chunk);
  const Slice payload(random_bytes(rng, size_bytes));
  return {7, chunk, payload, right ? sha256(payload.view()) : Digest{}};
}

class ChunkCheckerTest : public testing::Test {
 protected:
  // Runs the context until so many results are here.
  void wait_for(std::size_t count) {
    while (results_.size() < count) {
      if (io_.run_one() == 0) io_.restart();
    }
  }
  void take() {
    for (const CheckResult& result : checker_->take_results()) results_.push_back(result);
  }

  asio::io_context io_;
  std::vector<CheckResult> results_;
  std::optional<ChunkChecker> checker_{std::in_place, io_, [this] { take(); }};
};

TEST_F(ChunkCheckerTest, AnswersForASmallChunkAtOnce) {
  for (const bool right : {true, false}) {
    const auto result = checker_->check(check_of(3, 1'000, right));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->id, 7u);
    EXPECT_EQ(result->chunk, 3u);
    EXPECT_EQ(result->matches, right);
  }
}

TEST_F(ChunkCheckerTest, AnswersForLargeOnesThroughTheContext) {
  EXPECT_FALSE(checker_->check(check_of(0, kLargeBytes)));
  EXPECT_FALSE(checker_->check(check_of(1, kLargeBytes, false)));
  wait_for(2);
  EXPECT_EQ(results_[0].chunk, 0u);
  EXPECT_TRUE(results_[0].matches);
  EXPECT_EQ(results_[1].chunk, 1u);
  EXPECT_FALSE(results_[1].matches);
}

// So what waits there is bounded, and who is quicker than the worker does a part of its work.
TEST_F(ChunkCheckerTest, AnswersAtOnceWhileEnoughIsWithTheWorker) {
  EXPECT_FALSE(checker_->check(check_of(0, kLargeBytes)));
  EXPECT_FALSE(checker_->check(check_of(1, kLargeBytes)));
  const auto result = checker_->check(check_of(2, kLargeBytes));
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->matches);
  wait_for(2);
  EXPECT_FALSE(checker_->check(check_of(3, kLargeBytes)));
  wait_for(3);
}

TEST_F(ChunkCheckerTest, GivesAChunkOfAnySizeToAWorkerThatHasNothingElse) {
  EXPECT_FALSE(checker_->check(check_of(0, 16u << 20)));
  wait_for(1);
  EXPECT_TRUE(results_[0].matches);
}

TEST_F(ChunkCheckerTest, MayBeGoneBeforeTheAnswerIsHere) {
  for (int i = 0; i < 20; ++i) {
    {
      asio::io_context io;
      ChunkChecker gone(io, [] { ADD_FAILURE() << "nobody is there to be told"; });
      EXPECT_FALSE(gone.check(check_of(0, 1u << 20)));
    }
    EXPECT_FALSE(checker_->check(check_of(1, 100'000)));
    wait_for(static_cast<std::size_t>(i) + 1);  // the worker goes on
  }
}

TEST_F(ChunkCheckerTest, MayBeGoneWhenTheContextGetsToIt) {
  EXPECT_FALSE(checker_->check(check_of(0, 100'000)));
  asio::io_context other;
  ChunkChecker later(other, [] {});
  EXPECT_FALSE(later.check(check_of(1, 100'000)));
  while (other.run_one() == 0) other.restart();  // the worker has finished with both
  checker_.reset();
  io_.restart();
  io_.poll();
  EXPECT_TRUE(results_.empty());
}

}  // namespace
}  // namespace kvferry::test
