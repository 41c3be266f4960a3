// SPDX-License-Identifier: MIT
#include "protocol/datagram/path_validator.h"

#include <gtest/gtest.h>

#include <set>

namespace kvferry::test {
namespace {

constexpr Time kStart = time_from_ns(1'000'000'000);

TEST(PathValidator, sends_nothing_to_an_address_that_was_not_heard_of) {
  PathValidator path;
  EXPECT_FALSE(path.may_send(1));
  EXPECT_TRUE(path.may_send(0));
}

TEST(PathValidator, never_amplifies_more_than_three_times) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    PathValidator path;
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    for (int step = 0; step < 500; ++step) {
      std::uint64_t size = 1 + rng.below(1500);
      if (rng.chance(0.2)) {
        path.on_received(size);
        received += size;
      } else if (path.may_send(size)) {
        path.on_sent(size);
        sent += size;
      } else {
        ASSERT_GT(sent + size, 3 * received) << "seed " << seed;
      }
      ASSERT_LE(sent, 3 * received) << "seed " << seed;
    }
  }
}

TEST(PathValidator, sends_what_it_likes_once_a_challenge_is_answered) {
  Rng rng(1);
  PathValidator path;
  path.on_received(100);
  EXPECT_FALSE(path.may_send(301));
  EXPECT_EQ(path.allowance_bytes(), 300u);
  PathChallenge challenge = path.challenge(kStart, milliseconds(100), rng);
  EXPECT_FALSE(path.validated());
  EXPECT_TRUE(path.on_response(challenge));
  EXPECT_TRUE(path.validated());
  EXPECT_TRUE(path.may_send(1'000'000));
  EXPECT_FALSE(path.next_challenge_at());
}

TEST(PathValidator, takes_no_answer_that_it_did_not_ask_for) {
  Rng rng(2);
  PathValidator path;
  EXPECT_FALSE(path.on_response({}));
  PathChallenge challenge = path.challenge(kStart, milliseconds(100), rng);
  for (std::size_t bit = 0; bit < 64; ++bit) {
    PathChallenge other = challenge;
    other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ 1u << bit % 8);
    EXPECT_FALSE(path.on_response(other));
  }
  EXPECT_FALSE(path.validated());
  EXPECT_TRUE(path.on_response(challenge));
  EXPECT_FALSE(path.on_response(challenge)) << "a second time";
}

TEST(PathValidator, accepts_a_late_answer_to_an_earlier_challenge) {
  Rng rng(3);
  PathValidator path;
  PathChallenge first = path.challenge(kStart, milliseconds(100), rng);
  (void)path.challenge(kStart + std::chrono::seconds(1), milliseconds(100), rng);
  EXPECT_TRUE(path.on_response(first));
  EXPECT_TRUE(path.validated());
}

TEST(PathValidator, never_repeats_a_challenge) {
  Rng rng(4);
  std::set<PathChallenge> seen;
  for (int i = 0; i < 1000; ++i) {
    PathValidator path;
    for (int j = 0; j < 3; ++j) {
      EXPECT_TRUE(seen.insert(path.challenge(kStart, milliseconds(100), rng)).second);
    }
  }
}

TEST(PathValidator, challenges_again_after_200_ms_or_a_probe_timeout_and_ever_more_rarely) {
  for (auto [probe_timeout_ms, waits_ms] :
       {std::pair{100, std::array{200, 400, 800, 1500, 1500, 1500}},
        std::pair{450, std::array{450, 900, 1500, 1500, 1500, 1500}},
        std::pair{2500, std::array{2500, 2500, 2500, 2500, 2500, 2500}}}) {
    Rng rng(5);
    PathValidator path;
    EXPECT_FALSE(path.next_challenge_at());
    for (int wait_ms : waits_ms) {
      (void)path.challenge(kStart, milliseconds(probe_timeout_ms), rng);
      EXPECT_EQ(path.next_challenge_at(), kStart + milliseconds(wait_ms));
    }
  }
}

TEST(PathValidator, fails_after_twenty_challenges_in_vain) {
  for (bool validated : {false, true}) {
    Rng rng(6);
    PathValidator path(validated);
    Time now = kStart;
    for (std::size_t i = 0; i < PathValidator::kMaxChallenges; ++i) {
      EXPECT_FALSE(path.failed(now));
      (void)path.challenge(now, milliseconds(400), rng);
      now = *path.next_challenge_at();
    }
    EXPECT_FALSE(path.failed(now - Duration(1)));
    EXPECT_TRUE(path.failed(now));
  }
}

TEST(PathValidator, may_be_asked_again_after_an_answer) {
  Rng rng(7);
  PathValidator path(true);
  Time now = kStart;
  for (int i = 0; i < 10; ++i) {
    PathChallenge challenge = path.challenge(now, milliseconds(400), rng);
    now = *path.next_challenge_at();
    EXPECT_TRUE(path.on_response(challenge));
    EXPECT_FALSE(path.failed(now));
  }
}

}  // namespace
}  // namespace kvferry::test
