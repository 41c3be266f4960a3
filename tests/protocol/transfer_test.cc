// SPDX-License-Identifier: MIT
//
// Transfers on every binding: what the applications of two peers see.
#include <gtest/gtest.h>

#include "tests/protocol/pair.h"
#include "tests/protocol/roles.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

class Transfer : public testing::TestWithParam<Binding> {
 protected:
  PairOptions options(std::uint64_t seed = 7) const {
    LinkOptions link;
    link.rate_bits_per_s = 5e6;
    if (GetParam() == Binding::kDatagram) link.loss = 0.02;
    return pair_options(GetParam(), link, seed);
  }
};

INSTANTIATE_TEST_SUITE_P(Bindings, Transfer,
                         testing::Values(Binding::kStream, Binding::kDatagram, Binding::kStreams),
                         binding_name);

TEST_P(Transfer, a_requested_card_arrives_and_is_confirmed) {
  Card card = sample_card(1, 40, 9000);
  card.manifest.divergence = Divergence{0.01, 0.99, 100};
  Pair pair(options());
  serve(pair.server, card);
  confirm_when_complete(pair.client);
  CardSink sink;
  RequestOptions wish;
  wish.document = "handbook";
  wish.question_tokens = {1, 2, 70000};
  wish.deadline = milliseconds(1500);
  wish.byte_budget = 1 << 20;
  wish.min_quality = 0.5;
  wish.preset = "int4";
  pair.client.connection.request(pair.now, wish, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_TRUE(sink.whole());
  EXPECT_TRUE(same_bytes(sink.card(), card));
  EXPECT_EQ(pair.server.find<event::Requested>()->options, wish);
  EXPECT_EQ(pair.server.find<event::Confirmed>()->chunks, 40u);
  EXPECT_EQ(pair.client.find<event::ManifestArrived>()->card, card.digest());
}

TEST_P(Transfer, every_byte_sent_is_in_the_ledger) {
  Card card = sample_card(2, 30, 9000);
  Pair pair(options());
  serve(pair.server, card);
  confirm_when_complete(pair.client);
  CardSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  for (Side* side : {&pair.client, &pair.server}) {
    EXPECT_EQ(side->connection.ledger().sent.total(), side->handed_out_bytes);
  }
  EXPECT_EQ(pair.server.connection.ledger().sent.payload, card.manifest.payload_bytes());
  EXPECT_EQ(pair.client.connection.ledger().received.payload, card.manifest.payload_bytes());
}

TEST_P(Transfer, an_offered_card_is_pushed) {
  Card card = sample_card(3, 10, 5000);
  Pair pair(options());
  CardSink sink;
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* offered = std::get_if<event::Offered>(&event))
      pair.server.connection.accept(now, offered->id, sink);
    if (auto* complete = std::get_if<event::Complete>(&event))
      pair.server.connection.confirm(now, complete->id);
  };
  pair.client.connection.offer(pair.now, "notes", std::make_shared<CardSource>(card));
  ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Confirmed>() != nullptr; }));
  EXPECT_TRUE(same_bytes(sink.card(), card));
  EXPECT_EQ(pair.server.find<event::Offered>()->offer.document, "notes");
  EXPECT_EQ(pair.server.find<event::Offered>()->offer.payload_bytes, card.manifest.payload_bytes());
}

TEST_P(Transfer, a_refusal_reaches_the_one_who_asked) {
  Pair pair(options());
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event))
      pair.server.connection.refuse(now, wanted->id, "no such\ndocument");
  };
  CardSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Refused>() != nullptr; }));
  EXPECT_EQ(pair.client.find<event::Refused>()->reason, "no such document");
  EXPECT_EQ(sink.abandoned(), "no such document");
}

TEST_P(Transfer, another_model_is_refused_with_the_field_that_differs) {
  PairOptions two = options();
  two.client.hello.model = sample_model();
  two.client.hello.model->head_dim = 32;
  Pair pair(two);
  serve(pair.server, sample_card(4, 3, 100));
  CardSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Refused>() != nullptr; }));
  EXPECT_EQ(pair.client.find<event::Refused>()->reason, "model mismatch: head_dim is 16, expected 32");
  EXPECT_FALSE(pair.server.find<event::Rejected>()->by_peer);
}

TEST_P(Transfer, a_sink_that_refuses_ends_the_transfer_at_both_ends) {
  Pair pair(options());
  serve(pair.server, sample_card(5, 5, 5000));
  CardSink sink(100);
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Rejected>() != nullptr; }));
  EXPECT_TRUE(pair.server.find<event::Rejected>()->by_peer);
  EXPECT_EQ(pair.server.find<event::Rejected>()->reason.substr(0, 10), "too large:");
  EXPECT_FALSE(pair.client.find<event::Rejected>()->by_peer);
}

TEST_P(Transfer, a_receiver_that_has_enough_stops) {
  Card card = sample_card(6, 60, 20000);
  Pair pair(options());
  serve(pair.server, card);
  int chunks = 0;
  pair.client.on_event = [&](Time now, const Event& event) {
    if (auto* chunk = std::get_if<event::ChunkArrived>(&event); chunk && ++chunks == 5) {
      pair.client.connection.stop(now, chunk->id);
    }
    if (auto* stopped = std::get_if<event::Stopped>(&event)) pair.client.connection.confirm(now, stopped->id);
  };
  CardSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_GE(pair.server.find<event::Confirmed>()->chunks, 5u);
  EXPECT_LT(pair.server.find<event::Confirmed>()->chunks, 60u);
  EXPECT_FALSE(sink.whole());
}

TEST_P(Transfer, a_resumed_transfer_never_sends_what_is_held) {
  Card card = sample_card(7, 40, 9000);
  Pair pair(options());
  serve(pair.server, card);
  confirm_when_complete(pair.client);
  CardSink sink;
  RequestOptions wish;
  wish.card = card.digest();
  std::uint64_t held_bytes = 0;
  for (std::uint32_t i : {0u, 1u, 2u, 17u, 39u}) {
    sink.hold(i, card.chunks[i]);
    wish.held.add(i);
    held_bytes += card.chunks[i].size();
  }
  pair.client.connection.request(pair.now, wish, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_TRUE(same_bytes(sink.card(), card));
  EXPECT_EQ(pair.server.connection.ledger().sent.payload, card.manifest.payload_bytes() - held_bytes);
}

class CorruptOnce final : public ChunkSource {
 public:
  explicit CorruptOnce(Card card) : card_(std::move(card)) {}
  const Manifest& manifest() const override { return card_.manifest; }
  Result<Slice> chunk(std::uint32_t index) override {
    if (index != 3 || spoilt_++ > 0) return card_.chunks[index];
    Bytes bytes(card_.chunks[3].view().begin(), card_.chunks[3].view().end());
    bytes[0] ^= 1;
    return Slice(std::move(bytes));
  }

 private:
  Card card_;
  int spoilt_ = 0;
};

TEST_P(Transfer, a_chunk_with_another_digest_is_sent_again) {
  Card card = sample_card(8, 8, 3000);
  Pair pair(options());
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event)) {
      pair.server.connection.provide(now, wanted->id, std::make_shared<CorruptOnce>(card));
    }
  };
  confirm_when_complete(pair.client);
  CardSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_TRUE(same_bytes(sink.card(), card));
}

TEST_P(Transfer, several_transfers_share_a_connection) {
  Pair pair(options());
  std::vector<Card> cards;
  for (std::uint64_t i = 0; i < 5; ++i) cards.push_back(sample_card(20 + i, 12, 6000));
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event)) {
      auto index = static_cast<std::size_t>(wanted->options.document[0] - '0');
      pair.server.connection.provide(now, wanted->id, std::make_shared<CardSource>(cards[index]));
    }
  };
  confirm_when_complete(pair.client);
  std::vector<CardSink> sinks(5);
  for (std::size_t i = 0; i < 5; ++i) {
    RequestOptions wish;
    wish.document = std::to_string(i);
    pair.client.connection.request(pair.now, wish, sinks[i]);
  }
  auto confirmed = [&] {
    return std::count_if(pair.server.log.begin(), pair.server.log.end(),
                         [](const Event& e) { return std::holds_alternative<event::Confirmed>(e); }) == 5;
  };
  ASSERT_TRUE(pair.run(confirmed));
  for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(same_bytes(sinks[i].card(), cards[i]));
}

TEST_P(Transfer, closing_flushes_the_confirmation_first) {
  Card card = sample_card(9, 4, 3000);
  Pair pair(options());
  serve(pair.server, card);
  pair.client.on_event = [&](Time now, const Event& event) {
    if (auto* complete = std::get_if<event::Complete>(&event)) {
      pair.client.connection.confirm(now, complete->id);
      pair.client.connection.close(now);
    }
  };
  CardSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(
      pair.run([&] { return pair.server.connection.is_closed() && pair.client.connection.is_closed(); }));
  EXPECT_NE(pair.server.find<event::Confirmed>(), nullptr);
  EXPECT_TRUE(pair.server.find<event::Closed>()->by_peer);
  EXPECT_FALSE(pair.client.find<event::Closed>()->by_peer);
}

TEST_P(Transfer, a_peer_that_never_answers_is_given_up) {
  PairOptions two = options();
  two.to_client.loss = 1;
  two.to_client.delay = std::chrono::hours(1);
  Pair pair(two);
  ASSERT_TRUE(pair.run([&] { return pair.client.connection.is_closed(); }));
  EXPECT_EQ(pair.client.find<event::Closed>()->code, ErrorCode::kHandshake);
}

TEST_P(Transfer, a_transfer_that_stands_still_is_reported) {
  Pair pair(options());
  CardSink sink;
  pair.client.connection.request(pair.now, {}, sink);  // the server's application does not answer
  ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Stalled>() != nullptr; }));
  EXPECT_EQ(pair.client.find<event::Stalled>()->reason, "no manifest for the progress timeout");
  EXPECT_TRUE(pair.client.connection.is_established());
}

}  // namespace
}  // namespace kvferry::test
