// SPDX-License-Identifier: MIT
//
// Offers that do not wait: manifest and data behind the offer, as far as the
// receiver's limit goes, on both bindings.
#include <gtest/gtest.h>

#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kLimit = 20'000;

class Eager : public testing::TestWithParam<Binding> {
 protected:
  static PairOptions options(std::uint64_t seed, std::uint64_t limit) {
    LinkOptions link;
    if (GetParam() == Binding::kDatagram) link.loss = 0.05;
    PairOptions two = pair_options(GetParam(), link, seed);
    two.server.hello.limits.eager_bytes = limit;
    return two;
  }
  // A receiver of offers with a peer that is played by hand.
  static ConnectionConfig receiver() {
    ConnectionConfig config;
    config.role = Role::kServer;
    config.binding = GetParam();
    config.grease = false;
    config.hello.limits.eager_bytes = kLimit;
    return config;
  }
  static void send_offer(RawPeer& peer, const Card& card) {
    OfferMessage offer;
    offer.offer.card = card.digest();
    offer.offer.eager = true;
    peer.send(offer);
  }
  static bool greet(Pair& pair) {
    return pair.run(
        [&] { return pair.client.connection.is_established() && pair.server.connection.is_established(); });
  }
};

INSTANTIATE_TEST_SUITE_P(Bindings, Eager,
                         testing::Values(Binding::kStream, Binding::kDatagram, Binding::kStreams),
                         binding_name);

// TRF-21: whatever the limit lets through before the answer, the card is whole after it.
TEST_P(Eager, offers_deliver_identical_cards) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Pair pair(options(seed, rng.below(60'000)));
    Card card = sample_card(seed, static_cast<std::uint32_t>(1 + rng.below(20)), 6'000);
    CardSink sink;
    pair.server.on_event = [&](Time now, const Event& event) {
      if (auto* offered = std::get_if<event::Offered>(&event))
        pair.server.connection.accept(now, offered->id, sink);
      if (auto* complete = std::get_if<event::Complete>(&event))
        pair.server.connection.confirm(now, complete->id);
    };
    ASSERT_TRUE(greet(pair));
    pair.client.connection.offer(pair.now, "notes", std::make_shared<CardSource>(card), true);
    ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Confirmed>() != nullptr; }));
    EXPECT_TRUE(same_bytes(sink.card(), card));
  }
}

// TRF-3: who considers an offer takes neither LEVEL nor SKIP, so they wait for ACCEPT. STR-2: nor may a chunk
// begin then after one that was skipped in part.
TEST_P(Eager, offers_say_what_is_skipped_once_they_are_accepted) {
  for (const std::uint64_t begun_bytes : {0, 1, 9'500}) {
    PairOptions two = options(1, kLimit);
    two.to_server.queue_bytes = 3'000;
    two.client.max_data_bytes = 1'000;
    Pair pair(two);
    Card card = even_card(1, 4, 9'000);
    add_chunks(card, 2, 1, 9'000, 1);
    CardSink sink;
    ASSERT_TRUE(greet(pair));
    Connection& source = pair.client.connection;
    TransferId id = source.offer(pair.now, "notes", std::make_shared<CardSource>(card), true);
    ASSERT_TRUE(pair.run([&] { return source.ledger().sent.payload >= begun_bytes; }));
    source.skip(pair.now, id, chunks_of({0, 1, 3}));
    source.set_level(pair.now, id, 0);
    pair.run([] { return false; }, pair.now + seconds(2));
    ASSERT_TRUE(pair.server.find<event::Offered>()->offer.eager);
    confirm_when_complete(pair.server);
    pair.server.connection.accept(pair.now, id, sink);
    ASSERT_TRUE(
        pair.run([&] { return pair.client.find<event::Confirmed>() != nullptr; }, pair.now + seconds(5)));
    EXPECT_GE(pair.server.find<event::Complete>()->chunks_skipped, begun_bytes < 9'000 ? 4u : 3u);
    EXPECT_EQ(pair.server.find<event::LevelChanged>()->level, 0);
  }
}

// TRF-21: a receiver that takes its time gets what its limit allows, each frame counted with 64 bytes more.
TEST_P(Eager, data_before_the_answer_stays_within_the_limit) {
  Pair pair(options(1, kLimit));
  Card card = even_card(1, 20, 9'000);
  CardSink sink;
  ASSERT_TRUE(greet(pair));
  TransferId id = pair.client.connection.offer(pair.now, "notes", std::make_shared<CardSource>(card), true);
  pair.run([] { return false; }, pair.now + seconds(2));
  const ByteClasses& sent = pair.client.connection.ledger().sent;
  EXPECT_GT(sent.payload, 0u);
  EXPECT_LT(sent.payload + sent.retransmitted, kLimit + 2'000);  // and some control bytes that were lost
  pair.server.connection.accept(pair.now, id, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Complete>() != nullptr; }));
  EXPECT_TRUE(same_bytes(sink.card(), card));
}

// TRF-21: not where the limit is 0, and not before it is known.
TEST_P(Eager, offers_wait_where_they_may_not_be_eager) {
  for (bool known : {false, true}) {
    Pair pair(options(2, known ? 0 : kLimit));
    ASSERT_TRUE(!known || greet(pair));
    pair.client.connection.offer(pair.now, "notes", std::make_shared<CardSource>(even_card(1, 3, 900)), true);
    pair.run([] { return false; }, pair.now + seconds(1));
    ASSERT_NE(pair.server.find<event::Offered>(), nullptr);
    EXPECT_FALSE(pair.server.find<event::Offered>()->offer.eager);
    EXPECT_EQ(pair.client.connection.ledger().sent.payload, 0u);
  }
}

// TRF-21, TRF-7: what ACCEPT names as held is not begun any more.
TEST_P(Eager, chunks_that_turn_out_to_be_held_are_not_sent) {
  Pair pair(options(3, kLimit));
  Card card = even_card(1, 20, 9'000);
  KeepingSink sink;
  ASSERT_TRUE(greet(pair));
  TransferId id = pair.client.connection.offer(pair.now, "notes", std::make_shared<CardSource>(card), true);
  pair.run([] { return false; }, pair.now + seconds(1));
  AcceptOptions have;
  for (std::uint32_t chunk = 5; chunk < 20; ++chunk) have.held.add(chunk);
  pair.server.connection.accept(pair.now, id, sink, have);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Complete>() != nullptr; }));
  EXPECT_EQ(sink.arrived.size(), 5u);
  EXPECT_EQ(pair.client.connection.ledger().sent.payload, 5 * 9'000u);
}

// TRF-21, TRF-18
TEST_P(Eager, offers_that_are_refused_end_and_the_connection_goes_on) {
  Pair pair(options(4, kLimit));
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* offered = std::get_if<event::Offered>(&event))
      pair.server.connection.refuse(now, offered->id, "not now", TransferError::kBusy);
  };
  ASSERT_TRUE(greet(pair));
  pair.client.connection.offer(pair.now, "notes", std::make_shared<CardSource>(even_card(1, 20, 9'000)),
                               true);
  ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Refused>() != nullptr; }));
  EXPECT_EQ(pair.client.find<event::Refused>()->code, TransferError::kBusy);
  pair.run([] { return false; }, pair.now + seconds(1));
  EXPECT_LE(pair.client.connection.ledger().sent.payload, kLimit);
  EXPECT_TRUE(pair.client.connection.is_established());
  EXPECT_TRUE(pair.server.connection.is_established());
}

// TRF-21: more than the limit is a fault on a stream, and does not arrive in packets.
TEST_P(Eager, sources_that_exceed_the_limit_are_not_kept) {
  RawPeer peer(receiver());
  peer.greet();
  Card card = even_card(1, 400, 1'000);
  send_offer(peer, card);
  send_manifest(peer, 0, card);
  for (std::uint32_t chunk = 0; chunk < 400 && !peer.fault(); ++chunk) send_chunk(peer, 0, card, chunk);
  if (GetParam() != Binding::kDatagram) {
    EXPECT_EQ(peer.fault(), ErrorCode::kLimit);
  } else {
    EXPECT_FALSE(peer.fault());
  }
}

// TRF-21: pieces of a frame are no frames; an honest source would seem to exceed the limit.
TEST(EagerOnStreams, frames_that_come_in_pieces_count_once) {
  for (Binding binding : {Binding::kStream, Binding::kStreams}) {
    ConnectionConfig config;
    config.role = Role::kServer;
    config.binding = binding;
    config.hello.limits.eager_bytes = 650'000;
    RawPeer peer(config);
    peer.greet();
    const Card card = even_card(1, 40, 15'000);
    OfferMessage offer;
    offer.offer.card = card.digest();
    offer.offer.eager = true;
    peer.send(offer);
    send_manifest(peer, 0, card);
    const std::uint32_t stream = binding == Binding::kStreams ? 1 : 0;
    if (stream == 1) peer.send_after(peer.control_frames, stream);
    for (std::uint32_t chunk = 0; chunk < 40; ++chunk) {
      Bytes body;
      put_data_place(body, {0, chunk, 0});
      append(body, card.chunks[chunk].view());
      const Bytes frame = stream_frame(static_cast<std::uint64_t>(FrameType::kData), body);
      for (std::size_t at = 0; at < frame.size(); at += 100)
        peer.connection.handle_bytes(
            peer.now, ByteView(frame).subspan(at, std::min<std::size_t>(100, frame.size() - at)), stream);
    }
    ASSERT_FALSE(peer.fault());
    CardSink sink;
    peer.connection.accept(peer.now, 0, sink);
    peer.drain();
    EXPECT_TRUE(same_bytes(sink.card(), card));
  }
}

// TRF-21: what does not fit is refused before it was accepted.
TEST_P(Eager, cards_that_are_not_what_was_offered_are_refused) {
  RawPeer peer(receiver());
  peer.greet();
  send_offer(peer, even_card(1, 3, 100));
  send_manifest(peer, 0, even_card(2, 3, 100));
  auto refused = peer.seen_messages<RefuseMessage>();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].code, TransferError::kNotHere);
  EXPECT_TRUE(peer.connection.is_established());
}

}  // namespace
}  // namespace kvferry::test
