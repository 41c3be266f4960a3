// SPDX-License-Identifier: MIT
//
// A server's door: addresses are proved under load, tokens come back, and what
// nobody knows is answered shortly or not at all.
#include <gtest/gtest.h>

#include "tests/transport/quic/quic_pair.h"

namespace kvferry::test {
namespace {

using Verdict = QuicGate::Verdict;

bool greet(QuicPair& pair) {
  return pair.run([&] {
    return pair.server.session && pair.client.connection().is_established() &&
           pair.server.connection().is_established();
  });
}

std::size_t count(const QuicPair& pair, Verdict verdict) {
  return static_cast<std::size_t>(std::count(pair.verdicts.begin(), pair.verdicts.end(), verdict));
}

TEST(QuicGateTest, clients_prove_their_address_under_load) {
  QuicPair pair(quic_options({}, 1));
  pair.under_load = true;
  ASSERT_TRUE(greet(pair));
  EXPECT_EQ(count(pair, Verdict::kAnswer), 1u);
}

TEST(QuicGateTest, who_was_here_before_need_not_prove_it_again) {
  Bytes token;
  {
    QuicPair pair(quic_options({}, 1));
    ASSERT_TRUE(greet(pair));
    pair.run_until(pair.now + milliseconds(200));
    token = pair.client.session->token();
  }
  ASSERT_FALSE(token.empty());
  for (PathId from : {0, 1}) {
    QuicPairOptions options = quic_options({}, 2);
    options.client.connection.token = token;
    QuicPair pair(options);
    pair.client_address = from;
    pair.under_load = true;
    ASSERT_TRUE(greet(pair));
    EXPECT_EQ(count(pair, Verdict::kAnswer), from);  // a token is worth nothing elsewhere
  }
}

// A Retry token that was copied from another address, or forged.
TEST(QuicGateTest, tokens_of_others_open_nothing) {
  QuicPair pair(quic_options({}, 1));
  pair.under_load = true;
  ASSERT_TRUE(greet(pair));
  Bytes with_token;
  for (const Bytes& datagram : pair.server.heard) {
    const auto decision = pair.gate.judge(pair.now, datagram, Bytes{0}, true);
    if (decision.verdict == Verdict::kOpen) with_token = datagram;
  }
  ASSERT_FALSE(with_token.empty());
  EXPECT_EQ(pair.gate.judge(pair.now, with_token, Bytes{1}, false).verdict, Verdict::kDrop);
  EXPECT_EQ(pair.gate.judge(pair.now + std::chrono::seconds(11), with_token, Bytes{0}, false).verdict,
            Verdict::kDrop);
  QuicSecret other{};
  QuicGate elsewhere(other, 1);
  EXPECT_EQ(elsewhere.judge(pair.now, with_token, Bytes{0}, false).verdict, Verdict::kDrop);
}

TEST(QuicGateTest, other_versions_are_told_which_one_is_spoken) {
  QuicSecret secret{};
  QuicGate gate(secret, 1);
  Bytes first(1'200);
  first[0] = 0xC0;
  first[1] = first[2] = first[3] = first[4] = 0xBA;
  first[5] = 8;
  first[14] = 8;
  const auto decision = gate.judge({}, first, Bytes{0}, false);
  ASSERT_EQ(decision.verdict, Verdict::kAnswer);
  EXPECT_LT(decision.answer.size(), 100u);
  first.resize(1'199);
  EXPECT_EQ(gate.judge({}, first, Bytes{0}, false).verdict, Verdict::kDrop);
}

// The server has restarted: it remembers nothing but its secret.
TEST(QuicGateTest, clients_of_a_server_that_has_forgotten_them_learn_it_at_once) {
  QuicPair pair(quic_options({}, 1));
  ASSERT_TRUE(greet(pair));
  pair.run_until(pair.now + milliseconds(200));
  const Bytes last = pair.server.heard.back();
  QuicSecret secret;
  secret.fill(7);
  QuicGate restarted(secret, 9);
  const auto decision = restarted.judge(pair.now, last, Bytes{0}, false);
  ASSERT_EQ(decision.verdict, Verdict::kAnswer);
  EXPECT_LT(decision.answer.size(), last.size());
  pair.to_client(decision.answer);
  ASSERT_NE(pair.client.find<event::Closed>(), nullptr);
  EXPECT_EQ(pair.client.find<event::Closed>()->code, ErrorCode::kEndOfStream);
  EXPECT_EQ(pair.client.find<event::Closed>()->reason, "the peer does not know this connection");
}

TEST(QuicGateTest, what_is_no_quic_is_dropped) {
  QuicSecret secret{};
  QuicGate gate(secret, 1);
  Rng rng(1);
  for (int i = 0; i < 2'000; ++i) {
    const Bytes noise = random_bytes(rng, rng.below(1'400));
    const auto decision = gate.judge({}, noise, Bytes{0}, false);
    EXPECT_NE(decision.verdict, Verdict::kOpen);
    EXPECT_TRUE(decision.answer.empty() || decision.answer.size() < noise.size());
  }
}

// RFC 9000 section 8.1: who has not proved its address may be somebody else's victim.
TEST(QuicGateTest, a_spoofed_source_gets_at_most_three_times_what_was_sent_in_its_name) {
  for (const std::uint64_t copies : {1u, 2u, 3u}) {
    QuicPairOptions options = quic_options({}, 9);
    options.to_server.loss = options.to_client.loss = 1;
    QuicPair pair(options);
    const Bytes first = pair.client.session->poll_transmit(pair.now)->bytes;
    for (std::uint64_t i = 0; i < copies; ++i) pair.to_server(first, pair.client_address);
    pair.run_until(pair.now + std::chrono::seconds(60));
    EXPECT_GT(pair.server.out.sent_bytes(), first.size());
    EXPECT_LE(pair.server.out.sent_bytes(), 3 * copies * first.size());
    EXPECT_TRUE(pair.server.session->is_over());
  }
}

}  // namespace
}  // namespace kvferry::test
