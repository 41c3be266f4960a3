// SPDX-License-Identifier: MIT
//
// What is not sent: too late, too much, too fine, or not wanted by the source.
#include <gtest/gtest.h>

#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

class Skip : public testing::TestWithParam<Binding> {
 protected:
  // 250,000 bytes per second, and little in queues.
  PairOptions options(std::uint64_t seed = 11) const {
    LinkOptions link;
    link.rate_bits_per_s = 2e6;
    link.queue_bytes = 10'000;
    PairOptions two = pair_options(GetParam(), link, seed);
    two.server.max_data_bytes = 4'000;
    return two;
  }
  ConnectionConfig config(Role role) const {
    ConnectionConfig config;
    config.role = role;
    config.binding = GetParam();
    return config;
  }
};

INSTANTIATE_TEST_SUITE_P(Bindings, Skip,
                         testing::Values(Binding::kStream, Binding::kDatagram, Binding::kStreams),
                         binding_name);

// Chunks that the client was told of, for one reason.
ChunkRanges skipped(const Side& side, SkipReason reason) {
  ChunkRanges all;
  for (const Event& event : side.log) {
    if (auto* skip = std::get_if<event::Skipped>(&event); skip && skip->reason == reason)
      skip->chunks.for_each([&](std::uint32_t chunk) { all.add(chunk); });
  }
  return all;
}

// Each chunk is here or skipped, never both.
void expect_settled(const Side& side, const KeepingSink& sink, std::size_t chunks) {
  ChunkRanges all;
  for (std::uint32_t chunk : sink.arrived) all.add(chunk);
  std::size_t skips = 0;
  for (const Event& event : side.log) {
    auto* skip = std::get_if<event::Skipped>(&event);
    if (!skip) continue;
    skips += skip->chunks.size();
    skip->chunks.for_each([&](std::uint32_t chunk) { all.add(chunk); });
  }
  EXPECT_EQ(all.size(), chunks);
  EXPECT_EQ(skips + sink.arrived.size(), chunks);
  ASSERT_NE(side.find<event::Complete>(), nullptr);
  EXPECT_EQ(side.find<event::Complete>()->chunks_skipped, skips);
  EXPECT_TRUE(sink.finished);
  EXPECT_EQ(sink.whole, skips == 0);
}

// TRF-14, TRF-12, TRF-15
TEST_P(Skip, what_would_come_after_the_deadline_is_not_sent) {
  Card card = even_card(1, 40, 20'000);
  for (std::int64_t deadline_ms : {300, 600, 1'000, 2'000}) {
    SCOPED_TRACE(deadline_ms);
    Pair pair(options());
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    KeepingSink sink;
    RequestOptions wish;
    wish.deadline = milliseconds(deadline_ms);
    Time deadline = pair.now + *wish.deadline;
    pair.client.connection.request(pair.now, wish, sink);
    ASSERT_TRUE(pair.run([&] { return pair.client.find<event::Complete>() != nullptr; }));
    EXPECT_LE(pair.now, deadline + milliseconds(100));  // what was in the queues when it left
    EXPECT_GE(pair.now, deadline - milliseconds(60));
    expect_settled(pair.client, sink, 40);
    EXPECT_EQ(skipped(pair.client, SkipReason::kDeadline).size(), 40 - sink.arrived.size());
    if (deadline_ms >= 600) {
      EXPECT_GE(sink.taken_bytes, 250u * static_cast<std::uint64_t>(deadline_ms) / 2);
    }
    ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
    EXPECT_EQ(pair.server.find<event::Confirmed>()->chunks, sink.arrived.size());
  }
}

// TRF-14
TEST_P(Skip, a_deadline_that_is_met_skips_nothing) {
  Pair pair(options());
  serve(pair.server, even_card(1, 10, 20'000));
  confirm_when_complete(pair.client);
  KeepingSink sink;
  RequestOptions wish;
  wish.deadline = std::chrono::seconds(5);
  pair.client.connection.request(pair.now, wish, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_TRUE(sink.whole);
  EXPECT_FALSE(pair.client.find<event::Skipped>());
}

// TRF-14: the application answered when it was too late.
TEST_P(Skip, a_card_that_is_provided_after_the_deadline_is_skipped_whole) {
  Pair pair(options());
  TransferId id = 0;
  confirm_when_complete(pair.client);
  KeepingSink sink;
  RequestOptions wish;
  wish.deadline = milliseconds(500);
  pair.client.connection.request(pair.now, wish, sink);
  pair.run_until(pair.now + std::chrono::seconds(1));
  pair.server.connection.provide(pair.now, id, std::make_shared<CardSource>(even_card(1, 10, 20'000)));
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_EQ(skipped(pair.client, SkipReason::kDeadline).size(), 10u);
  EXPECT_EQ(pair.server.connection.ledger().sent.payload, 0u);
}

// TRF-14: RESEND after the deadline is too late as well.
TEST_P(Skip, what_is_asked_for_again_after_the_deadline_is_skipped) {
  RawPeer peer(config(Role::kServer));
  peer.greet();
  RequestMessage request;
  request.deadline_us = 2'000'000;
  peer.send(request);
  peer.connection.provide(peer.now, 0, std::make_shared<CardSource>(even_card(1, 3, 1'000)));
  peer.wait(std::chrono::seconds(3));
  EXPECT_EQ(peer.seen_payload_bytes(), 3'000u);
  peer.send(ResendMessage{0, chunks_of({1}), {}});
  peer.wait(milliseconds(100));
  EXPECT_EQ(peer.seen_payload_bytes(), 3'000u);
  ASSERT_EQ(peer.seen_messages<SkipMessage>().size(), 1u);
  EXPECT_EQ(peer.seen_messages<SkipMessage>()[0].chunks, chunks_of({1}));
  EXPECT_EQ(peer.seen_messages<SkipMessage>()[0].reason, SkipReason::kDeadline);
}

// TRF-13
TEST_P(Skip, never_more_payload_than_the_byte_budget) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Card card = sample_card(seed, 20, 9'000);
    Pair pair(options(seed));
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    KeepingSink sink;
    RequestOptions wish;
    wish.byte_budget = rng.below(100'000);
    pair.client.connection.request(pair.now, wish, sink);
    ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
    ASSERT_LE(pair.server.connection.ledger().sent.payload, *wish.byte_budget);
    expect_settled(pair.client, sink, 20);
    EXPECT_EQ(skipped(pair.client, SkipReason::kBudget).size(), 20 - sink.arrived.size());
  }
}

// TRF-13: a later chunk that still fits is sent.
TEST_P(Skip, the_budget_passes_over_what_does_not_fit) {
  Card card = even_card(1, 2, 10'000);
  add_chunks(card, 2, 1, 30'000);
  add_chunks(card, 3, 1, 4'000);
  Pair pair(options());
  serve(pair.server, card);
  confirm_when_complete(pair.client);
  KeepingSink sink;
  RequestOptions wish;
  wish.byte_budget = 25'000;
  pair.client.connection.request(pair.now, wish, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_EQ(sink.arrived, (std::vector<std::uint32_t>{0, 1, 3}));
}

// TRF-13: what is here already costs nothing.
TEST_P(Skip, the_budget_is_not_charged_for_what_is_held) {
  Card card = even_card(1, 4, 10'000);
  Pair pair(options());
  serve(pair.server, card);
  confirm_when_complete(pair.client);
  KeepingSink sink;
  RequestOptions wish;
  wish.card = card.digest();
  wish.held = chunks_of({0});
  wish.partial = {{1, card.chunks[1].part(0, 6'000)}};
  wish.byte_budget = 24'000;
  pair.client.connection.request(pair.now, wish, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_TRUE(sink.whole);
  EXPECT_EQ(pair.server.connection.ledger().sent.payload, 24'000u);
}

Card leveled_card() {
  Card card = even_card(1, 10, 10'000);
  add_chunks(card, 2, 10, 10'000, 1);
  add_chunks(card, 3, 10, 10'000, 2);
  return card;
}

// TRF-11
TEST_P(Skip, levels_above_the_one_that_the_receiver_wants_are_skipped) {
  Pair pair(options());
  serve(pair.server, leveled_card());
  pair.client.on_event = [&](Time now, const Event& event) {
    if (auto* begun = std::get_if<event::ManifestArrived>(&event))
      pair.client.connection.set_level(now, begun->id, 1);
    if (auto* complete = std::get_if<event::Complete>(&event))
      pair.client.connection.confirm(now, complete->id);
  };
  KeepingSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  expect_settled(pair.client, sink, 30);
  EXPECT_EQ(skipped(pair.client, SkipReason::kLevel).size(), 10u);
  EXPECT_EQ(pair.server.find<event::LevelChanged>()->level, 1);
  EXPECT_FALSE(pair.client.find<event::LevelChanged>());
}

// TRF-11, TRF-12: the level may rise again, but what was skipped stays so.
TEST_P(Skip, the_source_chooses_a_level_and_tells) {
  Pair pair(options());
  TransferId id = 0;
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event)) {
      pair.server.connection.provide(now, id = wanted->id, std::make_shared<CardSource>(leveled_card()));
      pair.server.connection.set_level(now, id, 1);
    }
  };
  confirm_when_complete(pair.client);
  KeepingSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return sink.arrived.size() == 12; }));
  pair.server.connection.set_level(pair.now, id, 0);
  ASSERT_TRUE(pair.run([&] { return !skipped(pair.client, SkipReason::kLevel).empty(); }));
  pair.server.connection.set_level(pair.now, id, 2);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  expect_settled(pair.client, sink, 30);
  EXPECT_GE(count_of<event::LevelChanged>(pair.client), 2u);
  EXPECT_FALSE(pair.server.find<event::LevelChanged>());
  EXPECT_LT(sink.arrived.size(), 20u);
}

// TRF-11: both wishes hold.
TEST_P(Skip, the_lower_of_two_levels_counts) {
  for (auto [wanted, own] : {std::pair{0, 2}, std::pair{2, 0}}) {
    RawPeer peer(config(Role::kServer));
    peer.greet();
    RequestMessage request;
    request.options.manifest_first = true;
    peer.send(request);
    peer.connection.provide(peer.now, 0, std::make_shared<CardSource>(leveled_card()));
    peer.drain();
    peer.send(LevelMessage{0, static_cast<std::uint8_t>(wanted), {}});
    peer.connection.set_level(peer.now, 0, static_cast<std::uint8_t>(own));
    peer.send(HaveMessage{0, {}, {}});
    peer.wait(milliseconds(500));
    EXPECT_EQ(peer.seen_payload_bytes(), 100'000u);
  }
}

// Section 11: LEVEL before the card is provided.
TEST_P(Skip, a_level_may_be_wanted_before_the_card_is_there) {
  RawPeer peer(config(Role::kServer));
  peer.greet();
  peer.send(RequestMessage{});
  peer.send(LevelMessage{0, 0, {}});
  peer.connection.provide(peer.now, 0, std::make_shared<CardSource>(leveled_card()));
  peer.wait(milliseconds(500));
  EXPECT_EQ(peer.seen_payload_bytes(), 100'000u);
}

// TRF-12
TEST_P(Skip, a_source_skips_what_it_chooses_begun_or_not) {
  Card card = even_card(1, 20, 20'000);
  Pair pair(options());
  TransferId id = 0;
  auto source = std::make_shared<CountingSource>(card);
  pair.server.on_event = [&](Time now, const Event& event) {
    if (auto* wanted = std::get_if<event::Requested>(&event))
      pair.server.connection.provide(now, id = wanted->id, source);
  };
  confirm_when_complete(pair.client);
  KeepingSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return source->begun.size() == 5; }));
  pair.server.connection.skip(pair.now, id, chunks_of({0, 4, 9, 10, 77}));
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  expect_settled(pair.client, sink, 20);
  EXPECT_EQ(skipped(pair.client, SkipReason::kChoice), chunks_of({4, 9, 10}));
}

// TRF-12, section 14
TEST_P(Skip, is_final_and_late_data_is_ignored) {
  Card card = even_card(1, 3, 2'000);
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, card);
  peer.send_data({id, 0, 0}, card.chunks[0].view().first(500));
  peer.send(SkipMessage{id, chunks_of({0}), SkipReason::kChoice, {}});
  send_chunk(peer, id, card, 0);
  EXPECT_TRUE(sink.arrived.empty());
  send_chunk(peer, id, card, 1);
  peer.send(SkipMessage{id, chunks_of({0, 1}), SkipReason::kChoice, {}});  // 1 is whole and stays
  send_chunk(peer, id, card, 2);
  EXPECT_FALSE(peer.fault());
  EXPECT_EQ(sink.arrived, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(peer.find<event::Complete>()->chunks_skipped, 1u);
  send_chunk(peer, id, card, 0);
  EXPECT_FALSE(peer.fault());
}

// TRF-12: what is here in part is dropped and not kept for another time.
TEST_P(Skip, leaves_nothing_of_a_chunk_in_part) {
  Card card = even_card(1, 3, 2'000);
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, card);
  peer.send_data({id, 0, 0}, card.chunks[0].view().first(500));
  peer.send(SkipMessage{id, chunks_of({0}), SkipReason::kDeadline, {}});
  peer.send(CancelMessage{id, "enough", TransferError::kOther, {}});
  EXPECT_TRUE(sink.partial.empty());
}

// IGN-1
TEST_P(Skip, of_a_chunk_that_the_card_does_not_have_is_malformed) {
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, even_card(1, 3, 2'000));
  peer.send(SkipMessage{id, chunks_of({2, 3}), SkipReason::kChoice, {}});
  EXPECT_EQ(peer.fault(), ErrorCode::kMalformed);
}

// TRF-10
TEST_P(Skip, what_is_preferred_comes_first) {
  Pair pair(options());
  serve(pair.server, even_card(1, 20, 20'000));
  pair.client.on_event = [&](Time now, const Event& event) {
    if (auto* begun = std::get_if<event::ManifestArrived>(&event))
      pair.client.connection.prefer(now, begun->id, chunks_of({15, 17}));
    if (auto* complete = std::get_if<event::Complete>(&event))
      pair.client.connection.confirm(now, complete->id);
  };
  KeepingSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  auto place = [&](std::uint32_t chunk) {
    return std::find(sink.arrived.begin(), sink.arrived.end(), chunk) - sink.arrived.begin();
  };
  EXPECT_LT(place(15), 5);
  EXPECT_LT(place(17), 6);
  EXPECT_TRUE(sink.whole);
}

// TRF-14: nothing gets through while the deadline passes, and afterwards nothing of it is sent any more.
TEST(SkipOverDatagrams, in_an_outage_nothing_is_sent_after_the_deadline) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LinkOptions link;
    link.rate_bits_per_s = 5e6;
    link.queue_bytes = 20'000;
    Pair pair(pair_options(Binding::kDatagram, link, seed));
    serve(pair.server, even_card(seed, 40, 20'000));
    confirm_when_complete(pair.client);
    KeepingSink sink;
    RequestOptions wish;
    wish.deadline = milliseconds(1'000);
    Time begin = pair.now;
    pair.client.connection.request(pair.now, wish, sink);
    pair.run_until(begin + milliseconds(300 + static_cast<std::int64_t>(seed) * 10));
    pair.client.out.options().loss = pair.server.out.options().loss = 1;
    pair.run_until(begin + milliseconds(1'001));
    const ByteClasses& sent = pair.server.connection.ledger().sent;
    std::uint64_t payload = sent.payload;
    pair.run_until(begin + milliseconds(3'000));
    pair.client.out.options().loss = pair.server.out.options().loss = 0;
    ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
    EXPECT_LT(pair.now, begin + std::chrono::seconds(8));
    EXPECT_EQ(sent.payload, payload);
    expect_settled(pair.client, sink, 40);
    EXPECT_GT(skipped(pair.client, SkipReason::kDeadline).size(), 10u);
  }
}

}  // namespace
}  // namespace kvferry::test
