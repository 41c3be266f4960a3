// SPDX-License-Identifier: MIT
//
// Credit: how much of a transfer may be on its way to a receiver that has not yet taken it.
#include <gtest/gtest.h>

#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

constexpr std::uint64_t kOffered = 40'000;

class Credit : public testing::TestWithParam<Binding> {
 protected:
  PairOptions options(std::uint64_t seed = 3) const {
    LinkOptions link;
    link.rate_bits_per_s = 20e6;
    if (GetParam() == Binding::kDatagram) link.loss = 0.03;
    PairOptions two = pair_options(GetParam(), link, seed);
    two.client.hello.limits.max_chunk_bytes = 20'000;
    two.client.hello.limits.initial_credit_bytes = kOffered;
    return two;
  }
  ConnectionConfig config(Role role) const {
    ConnectionConfig config;
    config.role = role;
    config.binding = GetParam();
    config.hello.limits.max_chunk_bytes = 20'000;
    config.hello.limits.initial_credit_bytes = kOffered;
    return config;
  }
};

INSTANTIATE_TEST_SUITE_P(Bindings, Credit,
                         testing::Values(Binding::kStream, Binding::kDatagram, Binding::kStreams),
                         binding_name);

// TRF-9, LIM-1: what was begun and not taken is what a receiver may have to hold.
TEST_P(Credit, what_is_begun_and_not_taken_never_exceeds_what_the_receiver_offered) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Card card = sample_card(seed, 60, 20'000);
    Pair pair(options(seed));
    auto source = std::make_shared<CountingSource>(card);
    serve(pair.server, source);
    confirm_when_complete(pair.client);
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    std::uint64_t most = 0;
    ASSERT_TRUE(pair.run([&] {
      most = std::max(most, source->begun_bytes - sink.taken_bytes);
      return pair.server.find<event::Confirmed>() != nullptr;
    }));
    ASSERT_LE(most, kOffered);
    ASSERT_TRUE(same_bytes(sink.card, card));
  }
}

// TRF-9: credit for one chunk only, and the next does not fit into what is left of it.
TEST_P(Credit, of_a_single_chunk_is_enough_for_any_card) {
  Card card = sample_card(1, 0, 1);
  for (std::size_t size : {4'000u, 19'000u, 1'000u, 20'000u, 500u, 20'000u}) add_chunks(card, size, 1, size);
  PairOptions two = options();
  two.client.hello.limits.initial_credit_bytes = 20'000;
  Pair pair(two);
  serve(pair.server, card);
  confirm_when_complete(pair.client);
  KeepingSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  Time end = pair.now + std::chrono::seconds(8);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }, end));
  EXPECT_TRUE(same_bytes(sink.card, card));
}

// TRF-9
TEST_P(Credit, that_is_given_back_on_release_holds_the_source_until_then) {
  Card card = even_card(2, 8, 10'000);
  PairOptions two = options();
  two.client.credit = CreditPolicy::kWhenReleased;
  Pair pair(two);
  auto source = std::make_shared<CountingSource>(card);
  serve(pair.server, source);
  confirm_when_complete(pair.client);
  KeepingSink sink;
  TransferId id = pair.client.connection.request(pair.now, {}, sink);
  pair.run_until(pair.now + std::chrono::seconds(5));
  EXPECT_EQ(source->begun.size(), 4u);
  pair.client.connection.release(pair.now, id, 0);
  pair.run_until(pair.now + std::chrono::seconds(1));
  EXPECT_EQ(source->begun.size(), 5u);
  for (std::uint32_t chunk = 1; chunk < 5; ++chunk) pair.client.connection.release(pair.now, id, chunk);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
}

// TRF-9: what was never taken, or not begun, takes no memory that could be given back.
TEST_P(Credit, is_not_given_back_for_chunks_that_are_not_here) {
  Card card = even_card(2, 8, 10'000);
  PairOptions two = options();
  two.client.credit = CreditPolicy::kWhenReleased;
  Pair pair(two);
  auto source = std::make_shared<CountingSource>(card);
  serve(pair.server, source);
  KeepingSink sink;
  TransferId id = pair.client.connection.request(pair.now, {}, sink);
  pair.run_until(pair.now + std::chrono::seconds(1));
  for (std::uint32_t chunk = 4; chunk < 20; ++chunk) pair.client.connection.release(pair.now, id, chunk);
  pair.run_until(pair.now + std::chrono::seconds(1));
  EXPECT_EQ(source->begun.size(), 4u);
}

// TRF-9: a chunk that the source had begun before it heard that it is here has been charged, too.
TEST_P(Credit, comes_back_for_chunks_that_the_receiver_had_already) {
  Card card = even_card(3, 30, 10'000);
  Pair pair(options());
  serve(pair.server, card);
  confirm_when_complete(pair.client);
  KeepingSink sink;
  for (std::size_t i = 0; i < 10; ++i) sink.store.push_back(card.chunks[i]);
  pair.client.connection.request(pair.now, {}, sink);
  Time end = pair.now + std::chrono::seconds(8);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }, end));
  EXPECT_TRUE(same_bytes(sink.card, card));
}

// TRF-9, TRF-12
TEST_P(Credit, comes_back_for_chunks_that_are_skipped_in_part) {
  Card card = even_card(4, 40, 20'000);
  PairOptions two = options(2);  // among the chunks that are skipped are some whose data was lost
  two.to_client.rate_bits_per_s = 2e6;
  two.to_client.queue_bytes = 8'000;
  Pair pair(two);
  auto source = std::make_shared<CountingSource>(card);
  TransferId id = 0;
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event))
      pair.server.connection.provide(now, id = wanted->id, source);
  };
  confirm_when_complete(pair.client);
  KeepingSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  std::size_t begun = 0;  // every second chunk is skipped as soon as it is begun
  Time end = pair.now + std::chrono::seconds(9);
  ASSERT_TRUE(pair.run(
      [&] {
        if (source->begun.size() > begun && (begun = source->begun.size()) % 2 == 0)
          pair.server.connection.skip(pair.now, id, chunks_of({source->begun.back()}));
        return pair.server.find<event::Confirmed>() != nullptr;
      },
      end));
  EXPECT_GT(pair.client.find<event::Complete>()->chunks_skipped, 5u);
}

// TRF-9: the source skips what is here, before it hears that it is.
TEST_P(Credit, comes_back_for_chunks_that_are_skipped_and_were_here) {
  Card card = even_card(11, 6, 10'000);
  ConnectionConfig slow = config(Role::kClient);
  slow.hello.limits.initial_credit_bytes = 20'000;
  RawPeer peer(slow);
  KeepingSink sink;
  sink.store = {card.chunks[0], card.chunks[1]};
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, card);
  for (int i = 0; i < 3; ++i) peer.send(SkipMessage{id, chunks_of({0, 1, 2}), SkipReason::kChoice, {}});
  auto credits = peer.seen_messages<CreditMessage>();
  ASSERT_FALSE(credits.empty());
  EXPECT_EQ(credits.back().credit_bytes, 50'000u);
}

// TRF-9: no credit is left, and the chunk that would be next must not be sent anyway.
TEST_P(Credit, does_not_keep_a_source_from_skipping) {
  Card card = even_card(5, 4, 10'000);
  add_chunks(card, 6, 3, 10'000, 1);
  RawPeer peer(config(Role::kServer));
  Hello hello;
  hello.limits.max_chunk_bytes = 20'000;
  hello.limits.initial_credit_bytes = kOffered;
  peer.greet(hello);
  peer.send(RequestMessage{});
  peer.connection.provide(peer.now, 0, std::make_shared<CardSource>(card));
  peer.wait(milliseconds(100));
  EXPECT_EQ(peer.seen_payload_bytes(), kOffered);
  peer.send(LevelMessage{0, 0, {}});
  peer.wait(milliseconds(10));
  ASSERT_EQ(peer.seen_messages<SkipMessage>().size(), 1u);
  EXPECT_EQ(peer.seen_messages<SkipMessage>()[0].chunks, chunks_of({4, 5, 6}));
}

// TRF-9
TEST_P(Credit, is_all_that_a_source_ever_begins) {
  Card card = even_card(7, 9, 9'000);
  RawPeer peer(config(Role::kServer));
  Hello hello;
  hello.limits.max_chunk_bytes = 9'000;
  hello.limits.initial_credit_bytes = 20'000;
  peer.greet(hello);
  peer.send(RequestMessage{});
  peer.connection.provide(peer.now, 0, std::make_shared<CardSource>(card));
  peer.wait(milliseconds(100));
  EXPECT_EQ(peer.seen_payload_bytes(), 18'000u);
  peer.send(CreditMessage{0, 26'999, {}});
  peer.wait(milliseconds(100));
  EXPECT_EQ(peer.seen_payload_bytes(), 18'000u);
  peer.send(CreditMessage{0, 27'000, {}});
  peer.wait(milliseconds(100));
  EXPECT_EQ(peer.seen_payload_bytes(), 27'000u);
  peer.send(ResendMessage{0, chunks_of({0}), {}});  // it counts already
  peer.wait(milliseconds(100));
  EXPECT_EQ(peer.seen_payload_bytes(), 36'000u);
  peer.send(CreditMessage{0, 36'000, {}});
  peer.wait(milliseconds(100));
  EXPECT_EQ(peer.seen_payload_bytes(), 45'000u);
}

// TRF-9
TEST_P(Credit, that_shrinks_ends_the_connection) {
  RawPeer peer(config(Role::kServer));
  peer.greet();
  peer.send(RequestMessage{});
  peer.connection.provide(peer.now, 0, std::make_shared<CardSource>(even_card(8, 9, 9'000)));
  peer.drain();
  std::uint64_t initial = Limits().initial_credit_bytes;
  peer.send(CreditMessage{0, initial, {}});
  EXPECT_FALSE(peer.fault());
  peer.send(CreditMessage{0, initial - 1, {}});
  EXPECT_EQ(peer.fault(), ErrorCode::kMalformed);
}

// TRF-9, LIM-1
TEST(CreditOfDatagrams, that_is_exceeded_by_chunks_in_part_ends_the_connection) {
  Card card = even_card(9, 5, 10'000);
  ConnectionConfig config;
  config.binding = Binding::kDatagram;
  config.hello.limits.max_chunk_bytes = 20'000;
  config.hello.limits.initial_credit_bytes = kOffered;
  RawPeer peer(config);
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, card);
  for (std::uint32_t chunk = 0; chunk < 4; ++chunk) peer.send_data({id, chunk, 0}, Bytes(10));
  EXPECT_FALSE(peer.fault());
  peer.send_data({id, 4, 0}, Bytes(10));
  EXPECT_EQ(peer.fault(), ErrorCode::kLimit);
}

// TRF-9, LIM-1: streams finish a chunk before the next, so that only what is not released adds up.
TEST_P(Credit, that_is_exceeded_by_whole_chunks_ends_the_connection) {
  Card card = even_card(10, 5, 10'000);
  ConnectionConfig slow = config(Role::kClient);
  slow.credit = CreditPolicy::kWhenReleased;
  RawPeer peer(slow);
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, card);
  for (std::uint32_t chunk = 0; chunk < 4; ++chunk) send_chunk(peer, id, card, chunk);
  EXPECT_EQ(sink.arrived.size(), 4u);
  EXPECT_FALSE(peer.fault());
  send_chunk(peer, id, card, 4);
  EXPECT_EQ(peer.fault(), ErrorCode::kLimit);
}

// LIM-1
TEST_P(Credit, for_less_than_a_chunk_is_malformed) {
  RawPeer peer(config(Role::kServer));
  Hello hello;
  hello.limits.max_chunk_bytes = 5;
  hello.limits.initial_credit_bytes = 4;
  peer.greet(hello);
  EXPECT_EQ(peer.fault(), ErrorCode::kMalformed);
}

// LIM-1
TEST_P(Credit, offered_is_never_less_than_a_chunk) {
  ConnectionConfig small = config(Role::kServer);
  small.hello.limits.initial_credit_bytes = 1;
  RawPeer peer(small);
  peer.greet();
  ASSERT_EQ(peer.seen_messages<HelloMessage>().size(), 1u);
  EXPECT_EQ(peer.seen_messages<HelloMessage>()[0].hello.limits.initial_credit_bytes, 20'000u);
}

}  // namespace
}  // namespace kvferry::test
