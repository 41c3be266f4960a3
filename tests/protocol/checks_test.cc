// SPDX-License-Identifier: MIT
//
// Digests that whoever drives the connection compares, late and in any order: what
// happens to a chunk meanwhile, and that nothing else is different.
#include <gtest/gtest.h>

#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

using std::chrono::seconds;

// A receiver whose checks are answered by hand, and a card whose chunks its peer sends.
struct Receiver {
  explicit Receiver(Binding binding, std::size_t chunks = 4, const Limits& limits = {})
      : card(even_card(1, chunks, 2'000)), peer(config(binding, limits)) {
    id = peer.connection.request(peer.now, {}, sink);
    peer.greet();
    send_manifest(peer, id, card);
  }
  static ConnectionConfig config(Binding binding, const Limits& limits) {
    ConnectionConfig config;
    config.role = Role::kClient;
    config.binding = binding;
    config.hello.limits = limits;
    config.verification = Verification::kDeferred;
    return config;
  }

  void send(std::uint32_t chunk) { send_chunk(peer, id, card, chunk); }
  void send_damaged(std::uint32_t chunk) {
    Card damaged = card;
    Bytes bytes(card.chunks[chunk].view().begin(), card.chunks[chunk].view().end());
    bytes.back() ^= 1;
    damaged.chunks[chunk] = Slice(std::move(bytes));
    send_chunk(peer, id, damaged, chunk);
  }
  void skip(std::initializer_list<std::uint32_t> chunks, SkipReason reason = SkipReason::kChoice) {
    peer.send(SkipMessage{id, chunks_of(chunks), reason, {}});
  }
  void stop() {
    peer.connection.stop(peer.now, id);
    peer.drain();
  }
  void end() { peer.send(EndMessage{id, 0, {}}); }
  // The last check of this chunk, as its payload has it.
  void answer(std::uint32_t chunk) {
    for (auto check = peer.checks.rbegin(); check != peer.checks.rend(); ++check) {
      if (check->chunk == chunk) return answer(chunk, sha256(check->payload.view()) == check->digest);
    }
    ADD_FAILURE() << "no check of chunk " << chunk;
  }
  void answer(std::uint32_t chunk, bool matches) {
    peer.connection.handle_checked(peer.now, id, chunk, matches);
    peer.drain();
  }
  [[nodiscard]] std::vector<std::uint32_t> asked_again() const {
    std::vector<std::uint32_t> chunks;
    for (const auto& message : peer.seen_messages<ResendMessage>())
      message.chunks.for_each([&](std::uint32_t chunk) { chunks.push_back(chunk); });
    return chunks;
  }
  [[nodiscard]] std::vector<std::uint32_t> skipped(SkipReason reason = SkipReason::kChoice) const {
    std::vector<std::uint32_t> chunks;
    for (const Event& event : peer.events) {
      if (auto* skip = std::get_if<event::Skipped>(&event); skip && skip->reason == reason)
        skip->chunks.for_each([&](std::uint32_t chunk) { chunks.push_back(chunk); });
    }
    return chunks;
  }
  [[nodiscard]] const event::Complete* complete() const { return peer.find<event::Complete>(); }
  [[nodiscard]] const event::Stopped* stopped() const { return peer.find<event::Stopped>(); }
  [[nodiscard]] const event::Rejected* rejected() const { return peer.find<event::Rejected>(); }

  using Chunks = std::vector<std::uint32_t>;

  Card card;
  KeepingSink sink;
  RawPeer peer;
  TransferId id = 0;
};

using Chunks = Receiver::Chunks;

class Checks : public testing::TestWithParam<Binding> {};

INSTANTIATE_TEST_SUITE_P(Bindings, Checks,
                         testing::Values(Binding::kStream, Binding::kDatagram, Binding::kStreams),
                         binding_name);

// TRF-8
TEST_P(Checks, come_before_a_chunk_is_released_and_in_the_order_of_arrival) {
  Receiver receiver(GetParam());
  receiver.send(2);
  receiver.send(0);
  ASSERT_EQ(receiver.peer.checks.size(), 2u);
  for (auto [at, chunk] : {std::pair{0u, 2u}, std::pair{1u, 0u}}) {
    const ChunkCheck& check = receiver.peer.checks[at];
    EXPECT_EQ(check.id, receiver.id);
    EXPECT_EQ(check.chunk, chunk);
    EXPECT_EQ(check.digest, receiver.card.manifest.chunks[chunk].digest);
    EXPECT_TRUE(std::ranges::equal(check.payload.view(), receiver.card.chunks[chunk].view()));
  }
  EXPECT_TRUE(receiver.sink.arrived.empty());
  EXPECT_EQ(receiver.peer.find<event::ChunkArrived>(), nullptr);
  EXPECT_TRUE(receiver.peer.connection.chunks_verified(receiver.id).empty());
  receiver.answer(0);
  EXPECT_EQ(receiver.sink.arrived, Chunks{0});
  EXPECT_EQ(receiver.peer.find<event::ChunkArrived>()->index, 0u);
  EXPECT_EQ(receiver.peer.connection.chunks_verified(receiver.id), chunks_of({0}));
}

// TRF-15, TRF-16
TEST_P(Checks, are_all_answered_before_a_card_is_complete) {
  Receiver receiver(GetParam());
  for (std::uint32_t chunk = 0; chunk < 4; ++chunk) receiver.send(chunk);
  for (std::uint32_t chunk : {3u, 0u, 2u}) receiver.answer(chunk);
  EXPECT_EQ(receiver.complete(), nullptr);
  receiver.peer.connection.confirm(receiver.peer.now, receiver.id);
  receiver.peer.drain();
  EXPECT_TRUE(receiver.peer.seen_messages<ConfirmMessage>().empty());
  receiver.answer(1);
  ASSERT_NE(receiver.complete(), nullptr);
  EXPECT_TRUE(receiver.sink.whole);
  EXPECT_EQ(receiver.sink.arrived, (Chunks{3, 0, 2, 1}));
}

// Section 14
TEST_P(Checks, under_way_make_data_of_their_chunk_repeated) {
  Receiver receiver(GetParam());
  receiver.send(0);
  receiver.send(0);
  EXPECT_FALSE(receiver.peer.fault());
  EXPECT_EQ(receiver.peer.checks.size(), 1u);
  receiver.answer(0);
  EXPECT_EQ(receiver.sink.arrived, Chunks{0});
}

// TRF-8
TEST_P(Checks, that_fail_ask_for_the_chunk_again_and_the_third_time_for_nothing_more) {
  Receiver receiver(GetParam());
  for (std::size_t time = 1; time <= 2; ++time) {
    receiver.send_damaged(1);
    EXPECT_EQ(receiver.asked_again().size(), time - 1);
    receiver.answer(1);
    EXPECT_EQ(receiver.asked_again().size(), time);
  }
  EXPECT_EQ(receiver.rejected(), nullptr);
  receiver.send_damaged(1);
  receiver.answer(1);
  ASSERT_NE(receiver.rejected(), nullptr);
  EXPECT_EQ(receiver.rejected()->code, TransferError::kDamaged);
  EXPECT_EQ(receiver.asked_again(), (Chunks{1, 1}));
  EXPECT_TRUE(receiver.sink.arrived.empty());
}

// TRF-8
TEST_P(Checks, that_fail_once_and_then_do_not_leave_a_whole_card) {
  Receiver receiver(GetParam());
  receiver.send_damaged(0);
  for (std::uint32_t chunk = 1; chunk < 4; ++chunk) receiver.send(chunk);
  for (std::uint32_t chunk : {1u, 2u, 0u, 3u}) receiver.answer(chunk);
  EXPECT_EQ(receiver.complete(), nullptr);
  receiver.send(0);
  receiver.answer(0);
  ASSERT_NE(receiver.complete(), nullptr);
  EXPECT_TRUE(same_bytes(receiver.sink.card, receiver.card));
}

// TRF-12: it keeps those that are whole.
TEST_P(Checks, of_chunks_that_are_skipped_meanwhile_keep_those_that_match) {
  Receiver receiver(GetParam());
  receiver.send(0);
  receiver.send_damaged(1);
  receiver.skip({0, 1, 2}, SkipReason::kDeadline);
  EXPECT_EQ(receiver.skipped(SkipReason::kDeadline), Chunks{2});
  receiver.send(3);
  receiver.answer(3);
  receiver.answer(0);
  EXPECT_EQ(receiver.complete(), nullptr);
  receiver.skip({0, 1}, SkipReason::kChoice);  // the first reason counts
  receiver.answer(1);
  EXPECT_EQ(receiver.skipped(SkipReason::kDeadline), (Chunks{2, 1}));
  EXPECT_TRUE(receiver.skipped(SkipReason::kChoice).empty());
  EXPECT_TRUE(receiver.asked_again().empty());
  ASSERT_NE(receiver.complete(), nullptr);
  EXPECT_EQ(receiver.complete()->chunks_skipped, 2u);
  EXPECT_EQ(receiver.sink.arrived, (Chunks{3, 0}));
}

// TRF-12: final is final, also the third time.
TEST_P(Checks, that_fail_too_often_are_no_failure_of_a_chunk_that_is_skipped) {
  Receiver receiver(GetParam());
  for (int time = 0; time < 3; ++time) {
    receiver.send_damaged(0);
    if (time == 2) receiver.skip({0});
    receiver.answer(0);
  }
  EXPECT_EQ(receiver.rejected(), nullptr);
  EXPECT_EQ(receiver.skipped(), Chunks{0});
}

// TRF-17: what was whole before still counts when END is here already.
TEST_P(Checks, are_waited_for_after_the_end_of_what_was_stopped) {
  Receiver receiver(GetParam());
  receiver.send(0);
  receiver.send(1);
  receiver.peer.send_data({receiver.id, 2, 0}, receiver.card.chunks[2].view().first(700));
  receiver.stop();
  receiver.answer(1);
  receiver.end();
  EXPECT_EQ(receiver.stopped(), nullptr);
  EXPECT_FALSE(receiver.sink.finished);
  EXPECT_TRUE(receiver.sink.partial.empty());
  receiver.peer.connection.confirm(receiver.peer.now, receiver.id);
  receiver.peer.drain();
  EXPECT_TRUE(receiver.peer.seen_messages<ConfirmMessage>().empty());
  receiver.answer(0);
  ASSERT_NE(receiver.stopped(), nullptr);
  EXPECT_EQ(receiver.stopped()->chunks_verified, 2u);
  EXPECT_TRUE(receiver.sink.finished);
  EXPECT_FALSE(receiver.sink.whole);
  ASSERT_EQ(receiver.sink.partial.size(), 1u);
  EXPECT_EQ(receiver.sink.partial[0].prefix.size(), 700u);
  receiver.peer.connection.confirm(receiver.peer.now, receiver.id);
  receiver.peer.drain();
  EXPECT_EQ(receiver.peer.seen_messages<ConfirmMessage>().size(), 1u);
}

// TRF-17: it could have been asked for again before STOP, but is not after it.
TEST_P(Checks, that_fail_after_stop_leave_a_chunk_missing) {
  for (const bool end_is_here : {false, true}) {
    Receiver receiver(GetParam());
    receiver.send(0);
    receiver.send_damaged(1);
    receiver.stop();
    if (end_is_here) receiver.end();
    receiver.answer(0);
    receiver.answer(1);
    if (!end_is_here) receiver.end();
    EXPECT_EQ(receiver.rejected(), nullptr);
    ASSERT_NE(receiver.stopped(), nullptr);
    EXPECT_EQ(receiver.stopped()->chunks_verified, 1u);
    EXPECT_TRUE(receiver.asked_again().empty());
    EXPECT_EQ(receiver.sink.arrived, Chunks{0});
    EXPECT_FALSE(receiver.sink.whole);
  }
}

// TRF-8, TRF-17: nor could it be asked for again otherwise.
TEST_P(Checks, of_what_becomes_whole_after_stop_reject_it_when_they_fail) {
  Receiver receiver(GetParam());
  receiver.stop();
  receiver.send_damaged(0);
  receiver.end();
  receiver.answer(0);
  ASSERT_NE(receiver.rejected(), nullptr);
  EXPECT_EQ(receiver.rejected()->code, TransferError::kDamaged);
  EXPECT_EQ(receiver.peer.seen_messages<RejectMessage>().size(), 1u);
}

// TRF-3, TRF-17: between END and the last check a peer may say what it may say afterwards.
TEST_P(Checks, under_way_after_end_take_what_a_verified_transfer_takes) {
  const auto begin = [&](Receiver& receiver) {
    receiver.send(0);
    receiver.stop();
    receiver.end();
  };
  {
    Receiver receiver(GetParam());
    begin(receiver);
    receiver.send(1);
    receiver.skip({0, 2});
    receiver.peer.send(LevelMessage{receiver.id, 1, {}});
    EXPECT_FALSE(receiver.peer.fault());
    EXPECT_EQ(receiver.peer.checks.size(), 1u);  // DATA after END is ignored
    receiver.answer(0);
    ASSERT_NE(receiver.stopped(), nullptr);
    EXPECT_EQ(receiver.stopped()->chunks_verified, 1u);
    EXPECT_EQ(receiver.sink.arrived, Chunks{0});
  }
  {
    Receiver receiver(GetParam());
    begin(receiver);
    receiver.peer.send(CancelMessage{receiver.id, "enough", TransferError::kOther, {}});
    EXPECT_NE(receiver.peer.find<event::Cancelled>(), nullptr);
    EXPECT_FALSE(receiver.sink.abandoned.empty());
  }
  {
    Receiver receiver(GetParam());
    begin(receiver);
    receiver.end();
    EXPECT_EQ(receiver.peer.fault(), ErrorCode::kUnexpected);
  }
}

// TRF-18
TEST_P(Checks, that_come_after_the_transfer_has_ended_are_ignored) {
  const std::map<std::string, std::function<void(Receiver&)>> endings = {
      {"cancel", [](Receiver& r) { r.peer.connection.cancel(r.peer.now, r.id, "enough"); }},
      {"reject", [](Receiver& r) { r.peer.connection.reject(r.peer.now, r.id, "no"); }},
      {"CANCEL",
       [](Receiver& r) {
         r.peer.send(CancelMessage{r.id, "no", TransferError::kOther, {}});
       }},
      {"close", [](Receiver& r) { r.peer.connection.close(r.peer.now); }},
      {"the end of the stream", [](Receiver& r) { r.peer.connection.handle_end_of_stream(r.peer.now); }},
  };
  for (const auto& [name, end] : endings) {
    SCOPED_TRACE(name);
    Receiver receiver(GetParam());
    receiver.send(0);
    receiver.send_damaged(1);
    end(receiver);
    receiver.peer.drain();
    EXPECT_FALSE(receiver.sink.abandoned.empty());
    const std::size_t said = receiver.peer.seen.size();
    const std::size_t told = receiver.peer.events.size();
    receiver.answer(0);
    receiver.answer(1);
    EXPECT_TRUE(receiver.sink.arrived.empty());
    EXPECT_EQ(receiver.peer.seen.size(), said);
    EXPECT_EQ(receiver.peer.events.size(), told);
  }
}

// Section 11.4: nothing of it has to come again but its last byte, and then it is checked.
TEST_P(Checks, that_come_too_late_leave_their_chunk_as_partial) {
  Receiver receiver(GetParam());
  receiver.send(2);
  receiver.peer.send_data({receiver.id, 1, 0}, receiver.card.chunks[1].view().first(700));
  receiver.peer.connection.handle_end_of_stream(receiver.peer.now);
  ASSERT_EQ(receiver.sink.partial.size(), 2u);
  EXPECT_EQ(receiver.sink.partial[0].index, 1u);
  EXPECT_EQ(receiver.sink.partial[1].index, 2u);
  EXPECT_EQ(receiver.sink.partial[1].prefix.size(), 1'999u);

  PairOptions two = pair_options(GetParam(), {}, 1);
  two.client.verification = Verification::kDeferred;
  Pair pair(two);
  serve(pair.server, receiver.card);
  confirm_when_complete(pair.client);
  KeepingSink sink;
  RequestOptions wish;
  wish.card = receiver.card.digest();
  wish.partial = receiver.sink.partial;
  pair.client.connection.request(pair.now, wish, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_TRUE(same_bytes(sink.card, receiver.card));
  EXPECT_EQ(pair.server.connection.ledger().sent.payload, 4u * 2'000 - 1'999 - 700);
}

TEST_P(Checks, that_nobody_asked_for_are_ignored) {
  Receiver receiver(GetParam());
  receiver.answer(0, true);
  receiver.answer(77, true);
  receiver.peer.connection.handle_checked(receiver.peer.now, 98, 0, true);
  receiver.send(0);
  receiver.answer(0);
  receiver.answer(0, false);
  receiver.peer.drain();
  EXPECT_EQ(receiver.sink.arrived, Chunks{0});
  EXPECT_TRUE(receiver.asked_again().empty());
}

// TRF-19: it is not the peer who stands still.
TEST_P(Checks, under_way_are_no_stall_of_the_peer) {
  Receiver receiver(GetParam());
  const auto live = [&](Duration duration) {
    for (const Time end = receiver.peer.now + duration; receiver.peer.now < end;) {
      receiver.peer.send(PingMessage{1, {}});
      receiver.peer.wait(seconds(5));
    }
  };
  receiver.send(0);
  live(seconds(90));
  EXPECT_EQ(receiver.peer.find<event::Stalled>(), nullptr);
  EXPECT_EQ(receiver.rejected(), nullptr);
  receiver.answer(0);
  live(seconds(5));
  EXPECT_EQ(receiver.peer.find<event::Stalled>(), nullptr);
  live(seconds(10));
  EXPECT_NE(receiver.peer.find<event::Stalled>(), nullptr);
  live(seconds(60));
  ASSERT_NE(receiver.rejected(), nullptr);
  EXPECT_EQ(receiver.rejected()->code, TransferError::kStalled);
}

// TRF-9
TEST_P(Checks, under_way_keep_the_credit_of_their_chunks) {
  Limits limits;
  limits.max_chunk_bytes = 2'000;
  limits.initial_credit_bytes = 4'000;
  Receiver receiver(GetParam(), 4, limits);
  receiver.send(0);
  receiver.send(1);
  EXPECT_TRUE(receiver.peer.seen_messages<CreditMessage>().empty());
  receiver.answer(1);
  ASSERT_EQ(receiver.peer.seen_messages<CreditMessage>().size(), 1u);
  EXPECT_EQ(receiver.peer.seen_messages<CreditMessage>()[0].credit_bytes, 6'000u);
  receiver.send(2);
  EXPECT_FALSE(receiver.peer.fault());
  receiver.send(3);
  EXPECT_EQ(receiver.peer.fault(), ErrorCode::kLimit);
}

// Small chunks cost more than their size.
TEST_P(Checks, are_done_inside_when_too_many_are_under_way) {
  Receiver receiver(GetParam(), 1'031);
  for (std::uint32_t chunk = 0; chunk < 1'030; ++chunk) receiver.send(chunk);
  EXPECT_EQ(receiver.peer.checks.size(), 1'024u);
  EXPECT_EQ(receiver.sink.arrived.size(), 6u);
  receiver.answer(0);
  receiver.send(1'030);
  EXPECT_EQ(receiver.peer.checks.size(), 1'025u);
  for (std::uint32_t chunk = 1; chunk < 1'024; ++chunk) receiver.answer(chunk, true);
  receiver.answer(1'030);
  EXPECT_NE(receiver.complete(), nullptr);
}

TEST_P(Checks, of_a_transfer_that_has_ended_are_not_under_way) {
  Receiver receiver(GetParam(), 1'024);
  for (std::uint32_t chunk = 0; chunk < 1'024; ++chunk) receiver.send(chunk);
  receiver.peer.connection.cancel(receiver.peer.now, receiver.id, "enough");
  KeepingSink sink;
  receiver.id = receiver.peer.connection.request(receiver.peer.now, {}, sink);
  receiver.peer.drain();
  send_manifest(receiver.peer, receiver.id, receiver.card);
  receiver.send(5);
  EXPECT_EQ(receiver.peer.checks.size(), 1'025u);
  receiver.answer(5);
  EXPECT_EQ(sink.arrived, Chunks{5});
}

// TRF-8 to TRF-16: a card arrives as it would otherwise, over links that lose, with checks that take their
// time.
TEST_P(Checks, that_are_late_and_in_any_order_deliver_the_card) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LinkOptions link;
    if (GetParam() == Binding::kDatagram) link.loss = 0.02;
    PairOptions two = pair_options(GetParam(), link, seed);
    two.client.verification = Verification::kDeferred;
    two.client.hello.limits.max_chunk_bytes = 20'000;
    two.client.hello.limits.initial_credit_bytes = 60'000;
    two.check_delay = milliseconds(static_cast<std::int64_t>(20 * seed));
    Pair pair(two);
    const Card card = sample_card(seed, 40, 20'000);
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
    EXPECT_LE(most, 60'000u);
    EXPECT_TRUE(same_bytes(sink.card, card));
    EXPECT_EQ(pair.late_timers, 0);
  }
}

}  // namespace
}  // namespace kvferry::test
