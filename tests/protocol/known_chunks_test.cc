// SPDX-License-Identifier: MIT
//
// What the receiver has is not sent again: held, found by the sink, or shared with a base.
#include <gtest/gtest.h>

#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

class KnownChunks : public testing::TestWithParam<Binding> {
 protected:
  PairOptions options(std::uint64_t seed = 7) const {
    LinkOptions link;
    link.rate_bits_per_s = 20e6;
    if (GetParam() == Binding::kDatagram) link.loss = 0.02;
    return pair_options(GetParam(), link, seed);
  }
  // Runs until the source knows that its card was applied; what it sent of chunks, the first time.
  std::uint64_t payload_until_confirmed(Pair& pair) {
    confirm_when_complete(pair.client);
    EXPECT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; },
                         pair.now + std::chrono::seconds(30)));
    return pair.server.connection.ledger().sent.payload;
  }
  ConnectionConfig config(Role role) const {
    ConnectionConfig config;
    config.role = role;
    config.binding = GetParam();
    return config;
  }
  Card card_ = even_card(1, 30, 9'000);
};

INSTANTIATE_TEST_SUITE_P(Bindings, KnownChunks,
                         testing::Values(Binding::kStream, Binding::kDatagram, Binding::kStreams),
                         binding_name);

void serve_delta(Side& side, const Card& card, const ChunkRanges& known) {
  side.on_event = [&side, card, known](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event))
      side.connection.provide(now, wanted->id, std::make_shared<CardSource>(card), known);
  };
}

ChunkRanges first_chunks(std::uint32_t count) {
  ChunkRanges chunks;
  for (std::uint32_t i = 0; i < count; ++i) chunks.add(i);
  return chunks;
}

// TRF-7
TEST_P(KnownChunks, that_a_request_names_are_not_sent) {
  Pair pair(options());
  serve(pair.server, card_);
  KeepingSink sink;
  sink.store = card_.chunks;
  RequestOptions wish;
  wish.card = card_.digest();
  wish.held = first_chunks(12);
  pair.client.connection.request(pair.now, wish, sink);
  // The sink finds the others only once it sees the manifest; until then some were begun.
  EXPECT_LE(payload_until_confirmed(pair), 18 * 9'000u);
  for (std::uint32_t chunk : sink.arrived) EXPECT_GE(chunk, 12u);
}

// TRF-4, TRF-7
TEST_P(KnownChunks, that_the_sink_finds_are_not_sent_when_the_manifest_comes_first) {
  Pair pair(options());
  serve(pair.server, card_);
  KeepingSink sink;
  for (std::size_t i : {0u, 3u, 4u, 5u, 29u}) sink.store.push_back(card_.chunks[i]);
  RequestOptions wish;
  wish.manifest_first = true;
  pair.client.connection.request(pair.now, wish, sink);
  EXPECT_EQ(payload_until_confirmed(pair), 25 * 9'000u);
  EXPECT_TRUE(same_bytes(sink.card, card_));
  EXPECT_EQ(pair.server.find<event::Confirmed>()->chunks, 30u);
  EXPECT_EQ(pair.server.connection.ledger().sent.payload, pair.client.connection.ledger().received.payload);
}

// TRF-4: nothing is known after all, and HAVE says so.
TEST_P(KnownChunks, may_be_none_and_the_source_goes_on) {
  Pair pair(options());
  serve(pair.server, card_);
  KeepingSink sink;
  RequestOptions wish;
  wish.manifest_first = true;
  pair.client.connection.request(pair.now, wish, sink);
  EXPECT_EQ(payload_until_confirmed(pair), 30 * 9'000u);
}

// TRF-15
TEST_P(KnownChunks, may_be_all_and_nothing_is_sent) {
  Pair pair(options());
  serve(pair.server, card_);
  KeepingSink sink;
  sink.store = card_.chunks;
  RequestOptions wish;
  wish.manifest_first = true;
  pair.client.connection.request(pair.now, wish, sink);
  EXPECT_EQ(payload_until_confirmed(pair), 0u);
  EXPECT_TRUE(sink.whole);
}

// TRF-4: an offer is answered the same way.
TEST_P(KnownChunks, of_an_offered_card_are_not_sent) {
  Pair pair(options());
  KeepingSink sink;
  sink.store = {card_.chunks[7]};
  pair.client.on_event = [&](Time now, const Event& event) {
    AcceptOptions wish;
    wish.held = first_chunks(3);
    wish.manifest_first = true;
    if (auto* offered = std::get_if<event::Offered>(&event))
      pair.client.connection.accept(now, offered->id, sink, wish);
    if (auto* complete = std::get_if<event::Complete>(&event))
      pair.client.connection.confirm(now, complete->id);
  };
  pair.server.connection.offer(pair.now, "notes", std::make_shared<CardSource>(card_));
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_EQ(pair.server.connection.ledger().sent.payload, 26 * 9'000u);
}

// TRF-7
TEST_P(KnownChunks, of_a_base_are_not_sent) {
  Card delta = card_;
  delta.manifest.base = sha256(as_bytes("base"));
  Pair pair(options());
  serve_delta(pair.server, delta, first_chunks(20));
  KeepingSink sink;
  sink.store.assign(card_.chunks.begin(), card_.chunks.begin() + 20);
  RequestOptions wish;
  wish.bases = DigestList({sha256(as_bytes("another")), *delta.manifest.base});
  pair.client.connection.request(pair.now, wish, sink);
  EXPECT_EQ(payload_until_confirmed(pair), 10 * 9'000u);
  EXPECT_TRUE(same_bytes(sink.card, delta));
}

// TRF-8: the base is not what the source took it for.
TEST_P(KnownChunks, that_are_not_here_after_all_are_asked_for) {
  Card delta = card_;
  delta.manifest.base = sha256(as_bytes("base"));
  Pair pair(options());
  serve_delta(pair.server, delta, first_chunks(20));
  KeepingSink sink;
  sink.store.assign(card_.chunks.begin() + 5, card_.chunks.begin() + 20);
  RequestOptions wish;
  wish.bases = DigestList({*delta.manifest.base});
  pair.client.connection.request(pair.now, wish, sink);
  EXPECT_EQ(payload_until_confirmed(pair), 15 * 9'000u);
  EXPECT_TRUE(same_bytes(sink.card, delta));
}

// TRF-7, TRF-8
TEST_P(KnownChunks, that_are_asked_for_after_all_come_whole) {
  Card delta = card_;
  delta.manifest.base = sha256(as_bytes("base"));
  Pair pair(options());
  serve_delta(pair.server, delta, first_chunks(20));
  KeepingSink sink;
  RequestOptions wish;
  wish.card = delta.digest();
  wish.bases = DigestList({*delta.manifest.base});
  wish.partial = {{2, delta.chunks[2].part(0, 4'000)}, {25, delta.chunks[25].part(0, 4'000)}};
  pair.client.connection.request(pair.now, wish, sink);
  EXPECT_EQ(payload_until_confirmed(pair), 30 * 9'000u - 4'000u);
  EXPECT_TRUE(same_bytes(sink.card, delta));
}

// STR-2: a source need not know how to resume.
TEST_P(KnownChunks, that_are_here_in_part_may_come_whole) {
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  RequestOptions wish;
  wish.card = card_.digest();
  wish.partial = {{0, card_.chunks[0].part(0, 4'000)}};
  TransferId id = peer.connection.request(peer.now, wish, sink);
  peer.greet();
  send_manifest(peer, id, card_);
  send_chunk(peer, id, card_, 0);
  EXPECT_FALSE(peer.fault());
  EXPECT_EQ(sink.arrived, std::vector<std::uint32_t>{0});
}

// TRF-13: RESEND of what was never sent costs the budget like everything else.
TEST_P(KnownChunks, that_are_asked_for_after_all_stay_within_the_budget) {
  Pair pair(options());
  serve_delta(pair.server, card_, first_chunks(20));
  KeepingSink sink;
  RequestOptions wish;
  wish.byte_budget = 15 * 9'000;
  pair.client.connection.request(pair.now, wish, sink);
  EXPECT_EQ(payload_until_confirmed(pair), 15 * 9'000u);
  EXPECT_EQ(pair.client.find<event::Complete>()->chunks_skipped, 15u);
}

// TRF-5
TEST_P(KnownChunks, of_a_base_that_is_not_here_are_no_help_and_the_delta_is_refused) {
  Card delta = card_;
  delta.manifest.base = sha256(as_bytes("base"));
  Pair pair(options());
  serve_delta(pair.server, delta, first_chunks(20));
  KeepingSink sink;
  RequestOptions wish;
  wish.bases = DigestList({sha256(as_bytes("another"))});
  pair.client.connection.request(pair.now, wish, sink);
  ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Refused>() != nullptr; }));
  EXPECT_EQ(pair.server.find<event::Rejected>()->code, TransferError::kBase);
  EXPECT_EQ(pair.client.find<event::Refused>()->code, TransferError::kBase);
  EXPECT_TRUE(pair.client.connection.is_established());
}

// TRF-8: and no more often.
TEST_P(KnownChunks, that_differ_are_asked_for_twice_and_then_given_up) {
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, card_);
  Card damaged = card_;
  damaged.chunks[0] = Slice(Bytes(9'000));
  for (std::size_t sent = 1; sent <= 3; ++sent) {
    EXPECT_TRUE(peer.seen_messages<RejectMessage>().empty());
    send_chunk(peer, id, damaged, 0);
    EXPECT_EQ(peer.seen_messages<ResendMessage>().size(), std::min<std::size_t>(sent, 2));
  }
  ASSERT_EQ(peer.seen_messages<RejectMessage>().size(), 1u);
  EXPECT_EQ(peer.seen_messages<RejectMessage>()[0].code, TransferError::kDamaged);
  EXPECT_EQ(peer.seen_messages<RejectMessage>()[0].reason.substr(0, 8), "chunk 0:");
  EXPECT_TRUE(sink.arrived.empty());
}

// Section 14: HAVE of what was sent is ignored, and of what the card does not have too.
TEST_P(KnownChunks, named_too_late_are_sent_anyway) {
  RawPeer peer(config(Role::kServer));
  peer.greet();
  peer.send(RequestMessage{});
  peer.connection.provide(peer.now, 0, std::make_shared<CardSource>(even_card(2, 5, 1'000)));
  peer.wait(milliseconds(100));
  peer.send(HaveMessage{0, chunks_of({0, 1, 4, 5, 77}), {}});
  peer.wait(milliseconds(100));
  EXPECT_FALSE(peer.fault());
  EXPECT_EQ(peer.seen_payload_bytes(), 5'000u);
}

// Section 7
TEST_P(KnownChunks, without_the_digest_of_their_card_are_malformed) {
  for (bool in_part : {false, true}) {
    RawPeer peer(config(Role::kServer));
    peer.greet();
    RequestMessage request;
    if (in_part) {
      request.partial = ChunkPrefixes({{0, Slice(Bytes(5))}});
    } else {
      request.options.held.add(0);
    }
    peer.send(request);
    EXPECT_EQ(peer.fault(), ErrorCode::kMalformed);
  }
}

// TRF-4, TRF-7, TRF-20: cut again and again, at random; every chunk is sent once but for what was under way.
TEST_P(KnownChunks, across_connections_are_not_sent_again) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Card card = sample_card(seed, 60, 6'000);
    std::vector<Slice> store;
    std::vector<std::uint32_t> arrived;
    for (int connection = 0; arrived.size() < 60 && connection < 50; ++connection) {
      Pair pair(options(seed * 100 + static_cast<std::uint64_t>(connection)));
      serve(pair.server, card);
      KeepingSink sink;
      sink.store = store;
      RequestOptions wish;
      wish.manifest_first = true;
      pair.client.connection.request(pair.now, wish, sink);
      std::size_t enough = 1 + rng.below(20);
      (void)pair.run([&] { return sink.whole || sink.arrived.size() >= enough; });
      for (std::uint32_t chunk : sink.arrived) store.push_back(card.chunks[chunk]);
      arrived.insert(arrived.end(), sink.arrived.begin(), sink.arrived.end());
    }
    std::sort(arrived.begin(), arrived.end());
    ASSERT_EQ(arrived.size(), 60u);
    ASSERT_EQ(std::unique(arrived.begin(), arrived.end()), arrived.end());
  }
}

}  // namespace
}  // namespace kvferry::test
