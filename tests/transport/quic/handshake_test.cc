// SPDX-License-Identifier: MIT
//
// QUIC handshakes over bad links, and what is said during them.
#include <gtest/gtest.h>

#include "tests/transport/quic/quic_pair.h"

namespace kvferry::test {
namespace {

bool established(QuicPair& pair) {
  return pair.server.session && pair.client.connection().is_established() &&
         pair.server.connection().is_established();
}

TEST(QuicHandshake, takes_three_round_trips) {
  LinkOptions link;
  QuicPair pair(quic_options(link, 1));
  ASSERT_TRUE(pair.run([&] { return established(pair); }));
  EXPECT_TRUE(pair.client.session->is_authenticated());
  EXPECT_TRUE(pair.server.session->is_authenticated());
  EXPECT_LT(to_seconds(pair.now - time_from_ns(1'000'000'000)), 6 * 0.0205);
}

TEST(QuicHandshake, finishes_at_30_percent_loss) {
  LinkOptions link;
  link.rate_bits_per_s = 10e6;
  link.delay = milliseconds(15);
  link.queue_bytes = 37'500;
  link.loss = 0.3;
  double longest_s = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    QuicPairOptions options = quic_options(link, seed);
    options.client.connection.handshake_timeout = options.server.connection.handshake_timeout =
        std::chrono::seconds(30);
    QuicPair pair(options);
    ASSERT_TRUE(pair.run([&] { return established(pair); }));
    longest_s = std::max(longest_s, to_seconds(pair.now.time_since_epoch()) - 1);
  }
  RecordProperty("longest_ms", static_cast<int>(longest_s * 1000));
}

TEST(QuicHandshake, finishes_over_links_that_reorder_repeat_and_damage) {
  LinkOptions link;
  link.loss = 0.05;
  link.reorder = 0.3;
  link.duplicate = 0.2;
  link.corrupt = 0.1;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    QuicPair pair(quic_options(link, seed));
    EXPECT_TRUE(pair.run([&] { return established(pair); })) << "seed " << seed;
  }
}

// NETWORK: the server has not judged the client when the client's handshake is complete.
TEST(QuicHandshake, not_a_byte_of_kvferry_leaves_before_both_sides_are_authenticated) {
  QuicPair pair(quic_options({}, 3));
  CardSink sink;
  pair.client.connection().request(pair.now, {}, sink);
  pair.run([&] {
    for (QuicEnd* end : {&pair.client, &pair.server}) {
      const bool silent = !end->session || end->session->is_authenticated() || end->application_bytes() == 0;
      EXPECT_TRUE(silent);
    }
    return established(pair);
  });
  EXPECT_TRUE(established(pair));
}

TEST(QuicHandshake, gives_up_on_a_server_that_is_not_there) {
  LinkOptions link;
  link.loss = 1;
  QuicPair pair(quic_options(link, 4));
  ASSERT_TRUE(pair.run([&] { return pair.client.session->is_over(); }));
  ASSERT_NE(pair.client.find<event::Closed>(), nullptr);
  EXPECT_EQ(pair.client.find<event::Closed>()->code, ErrorCode::kHandshake);
  EXPECT_NEAR(to_seconds(pair.now.time_since_epoch()), 11, 0.1);
}

// Sizes and times depend on the seed only, though the ciphertext differs.
TEST(QuicHandshake, the_same_seed_takes_the_same_time) {
  LinkOptions link;
  link.loss = 0.2;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    std::optional<Time> first;
    for (int run = 0; run < 2; ++run) {
      QuicPair pair(quic_options(link, seed));
      ASSERT_TRUE(pair.run([&] { return established(pair); }));
      EXPECT_EQ(pair.now, first.value_or(pair.now)) << "seed " << seed;
      first = pair.now;
    }
  }
}

}  // namespace
}  // namespace kvferry::test
