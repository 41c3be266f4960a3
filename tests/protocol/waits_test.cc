// SPDX-License-Identifier: MIT
//
// Every wait ends, and no timer stands still.
#include <gtest/gtest.h>

#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

using std::chrono::seconds;

class Waits : public testing::TestWithParam<Binding> {
 protected:
  ConnectionConfig config(Role role) const {
    ConnectionConfig config;
    config.role = role;
    config.binding = GetParam();
    return config;
  }
  // The peer shows a sign of life every five seconds, and does `more` each time.
  static void live(RawPeer& peer, Duration duration, const std::function<void()>& more = {}) {
    for (Time end = peer.now + duration; peer.now < end;) {
      peer.send(PingMessage{1, {}});
      if (more) more();
      peer.wait(seconds(5));
    }
  }
  static std::vector<std::string> stalls(const RawPeer& peer) {
    std::vector<std::string> reasons;
    for (const Event& event : peer.events) {
      if (auto* stalled = std::get_if<event::Stalled>(&event)) reasons.push_back(stalled->reason);
    }
    return reasons;
  }
  // Reported every ten seconds, given up after a minute, and the connection goes on.
  template <typename Message>
  static void expect_given_up(RawPeer& peer, const std::string& what,
                              const std::function<void()>& more = {}) {
    SCOPED_TRACE(what);
    live(peer, seconds(55), more);
    ASSERT_FALSE(stalls(peer).empty());
    EXPECT_EQ(stalls(peer)[0], what + " for the progress timeout");
    EXPECT_GE(stalls(peer).size(), 4u);
    EXPECT_LE(stalls(peer).size(), 5u);
    EXPECT_EQ(peer.find<event::Rejected>(), nullptr);
    live(peer, seconds(10), more);
    auto* rejected = peer.find<event::Rejected>();
    auto* closed = peer.find<event::Closed>();
    ASSERT_NE(rejected, nullptr) << (closed ? closed->reason : "still open");
    EXPECT_EQ(rejected->code, TransferError::kStalled);
    EXPECT_EQ(rejected->reason, what + " for the give-up timeout");
    EXPECT_FALSE(rejected->by_peer);
    auto told = peer.seen_messages<Message>();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].code, TransferError::kStalled);
    EXPECT_TRUE(peer.connection.is_established());
  }
};

INSTANTIATE_TEST_SUITE_P(Bindings, Waits,
                         testing::Values(Binding::kStream, Binding::kDatagram, Binding::kStreams),
                         binding_name);

// CON-4
TEST_P(Waits, for_hello_ten_seconds) {
  for (Role role : {Role::kClient, Role::kServer}) {
    RawPeer peer(config(role));
    if (role == Role::kServer && GetParam() == Binding::kDatagram) peer.send_packet(FrameType::kProbe, {});
    peer.wait(milliseconds(9'900));
    EXPECT_FALSE(peer.fault());
    peer.wait(milliseconds(200));
    EXPECT_EQ(peer.fault(), ErrorCode::kHandshake);
  }
}

// TRF-19
TEST_P(Waits, for_a_manifest_are_given_up) {
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  peer.connection.request(peer.now, {}, sink);
  peer.greet();
  expect_given_up<RejectMessage>(peer, "no manifest");
  EXPECT_FALSE(sink.abandoned.empty());
}

// TRF-19
TEST_P(Waits, for_the_rest_of_a_manifest_are_given_up_although_a_page_comes_again_and_again) {
  EncodedManifest encoded = encode_manifest(even_card(1, 200, 10).manifest);
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  peer.send(ManifestMessage{id, encoded.root, {}, {}});
  expect_given_up<RejectMessage>(peer, "no manifest", [&] {
    peer.send(PageMessage{id, 0, encoded.pages[0], {}});
  });
}

// TRF-19
TEST_P(Waits, for_data_are_given_up) {
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, even_card(1, 3, 1'000));
  expect_given_up<RejectMessage>(peer, "no data");
}

// TRF-19: what is here already is no progress.
TEST_P(Waits, for_data_are_given_up_although_old_data_comes_again_and_again) {
  Card card = even_card(1, 3, 1'000);
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, card);
  send_chunk(peer, id, card, 0);
  peer.send(SkipMessage{id, chunks_of({1}), SkipReason::kChoice, {}});
  expect_given_up<RejectMessage>(peer, "no data", [&] {
    send_chunk(peer, id, card, 0);
    send_chunk(peer, id, card, 1);
    peer.send(SkipMessage{id, chunks_of({0, 1}), SkipReason::kChoice, {}});
    peer.send(LevelMessage{id, 3, {}});
  });
}

// TRF-19
TEST_P(Waits, for_an_end_are_given_up) {
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, even_card(1, 3, 1'000));
  peer.connection.stop(peer.now, id);
  expect_given_up<RejectMessage>(peer, "no end after stop");
}

// TRF-19
TEST_P(Waits, for_an_answer_to_an_offer_are_given_up) {
  RawPeer peer(config(Role::kServer));
  peer.greet();
  peer.connection.offer(peer.now, "notes", std::make_shared<CardSource>(even_card(1, 3, 1'000)));
  expect_given_up<CancelMessage>(peer, "no answer to the offer");
}

// TRF-19
TEST_P(Waits, for_have_are_given_up) {
  RawPeer peer(config(Role::kServer));
  peer.greet();
  RequestMessage request;
  request.options.manifest_first = true;
  peer.send(request);
  peer.connection.provide(peer.now, 0, std::make_shared<CardSource>(even_card(1, 3, 1'000)));
  expect_given_up<CancelMessage>(peer, "nothing could be sent");
}

// TRF-19
TEST_P(Waits, for_credit_are_given_up) {
  RawPeer peer(config(Role::kServer));
  Hello hello;
  hello.limits.max_chunk_bytes = hello.limits.initial_credit_bytes = 1'000;
  peer.greet(hello);
  peer.send(RequestMessage{});
  peer.connection.provide(peer.now, 0, std::make_shared<CardSource>(even_card(1, 3, 1'000)));
  expect_given_up<CancelMessage>(peer, "nothing could be sent", [&] {
    peer.send(CreditMessage{0, 1'000, {}});
  });
}

// TRF-19
TEST_P(Waits, for_a_verdict_are_given_up) {
  for (bool stopped : {false, true}) {
    ConnectionConfig server = config(Role::kServer);
    server.verdict_timeout = server.give_up_timeout;
    RawPeer peer(server);
    peer.greet();
    peer.send(RequestMessage{});
    peer.connection.provide(peer.now, 0, std::make_shared<CardSource>(even_card(1, 3, 1'000)));
    peer.wait(milliseconds(100));
    if (stopped) peer.send(StopMessage{0, 0, {}});
    expect_given_up<CancelMessage>(peer, "no verdict", [&] {
      if (!stopped) peer.send(PreferMessage{0, chunks_of({0}), {}});
    });
  }
}

// TRF-19: reports may be off, and a transfer ends all the same.
TEST_P(Waits, that_are_not_reported_are_given_up_too) {
  ConnectionConfig quiet = config(Role::kClient);
  quiet.progress_timeout = Duration::zero();
  RawPeer peer(quiet);
  KeepingSink sink;
  peer.connection.request(peer.now, {}, sink);
  peer.greet();
  live(peer, seconds(65));
  EXPECT_TRUE(stalls(peer).empty());
  ASSERT_NE(peer.find<event::Rejected>(), nullptr);
}

// TRF-19
TEST_P(Waits, that_may_last_for_ever_do) {
  ConnectionConfig patient = config(Role::kClient);
  patient.give_up_timeout = Duration::zero();
  RawPeer peer(patient);
  KeepingSink sink;
  peer.connection.request(peer.now, {}, sink);
  peer.greet();
  live(peer, seconds(600));
  EXPECT_GE(stalls(peer).size(), 55u);
  EXPECT_EQ(peer.find<event::Rejected>(), nullptr);
}

// TRF-19
TEST_P(Waits, end_when_something_new_comes) {
  Card card = even_card(1, 1, 30'000);
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, card);
  std::uint64_t at = 0;
  live(peer, seconds(120), [&] {
    peer.send_data({id, 0, at}, Bytes(1024));
    at += 1024;
  });
  EXPECT_TRUE(stalls(peer).empty());
  EXPECT_EQ(peer.find<event::Rejected>(), nullptr);
}

// TRF-19
TEST_P(Waits, do_not_end_with_a_byte_now_and_then) {
  Card card = even_card(1, 1, 20'000);
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, card);
  std::uint64_t at = 0;
  live(peer, seconds(65), [&] { peer.send_data({id, 0, at++}, Bytes(1)); });
  EXPECT_GE(stalls(peer).size(), 5u);
  ASSERT_NE(peer.find<event::Rejected>(), nullptr);
}

// An application may take its time: it is not the peer who is waited for.
TEST_P(Waits, for_the_application_are_not_given_up) {
  Card card = even_card(1, 1, 1'000);
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, card);
  send_chunk(peer, id, card, 0);
  RequestMessage request;
  request.transfer = 1;
  peer.send(request);
  OfferMessage offer;
  offer.transfer = 3;
  peer.send(offer);
  live(peer, seconds(200));
  EXPECT_TRUE(stalls(peer).empty());
  EXPECT_EQ(peer.find<event::Rejected>(), nullptr);
}

// CON-4
TEST_P(Waits, of_a_silent_peer_end_with_the_idle_timeout) {
  RawPeer peer(config(Role::kServer));
  peer.greet();
  peer.reading = false;  // and does not acknowledge
  peer.wait(milliseconds(29'900));
  EXPECT_TRUE(peer.connection.is_established());
  peer.wait(milliseconds(200));
  EXPECT_FALSE(peer.connection.is_established());
  peer.reading = true;
  peer.drain();
  EXPECT_EQ(peer.fault(), ErrorCode::kIdle);
}

// CON-4: a third of the lesser of both timeouts.
TEST_P(Waits, are_cut_short_by_ping) {
  for (auto [own_s, peers_ms, expected_s] :
       {std::tuple{30, 0, 10}, std::tuple{30, 6'000, 2}, std::tuple{3, 6'000, 1}, std::tuple{0, 6'000, 2}}) {
    ConnectionConfig timed = config(Role::kServer);
    timed.idle_timeout = seconds(own_s);
    RawPeer peer(timed);
    Hello hello;
    hello.idle_timeout_ms = static_cast<std::uint64_t>(peers_ms);
    peer.greet(hello);
    peer.wait(milliseconds(300));
    peer.send(PongMessage{77, {}});
    std::size_t before = peer.seen_messages<PingMessage>().size();
    peer.wait(seconds(expected_s) - milliseconds(1));
    EXPECT_EQ(peer.seen_messages<PingMessage>().size(), before);
    peer.wait(milliseconds(1));
    EXPECT_EQ(peer.seen_messages<PingMessage>().size(), before + 1);
  }
}

// CON-4: not once only, for the server that heard of the new address may have lost it again.
TEST_P(Waits, of_a_client_that_may_have_moved_are_told_every_second) {
  Card card = even_card(1, 1, 20'000);
  RawPeer peer(config(Role::kClient));
  KeepingSink sink;
  TransferId id = peer.connection.request(peer.now, {}, sink);
  peer.greet();
  send_manifest(peer, id, card);
  const std::size_t before = peer.seen_messages<PingMessage>().size();
  peer.wait(milliseconds(5'500));
  const std::size_t pings = peer.seen_messages<PingMessage>().size() - before;
  if (GetParam() == Binding::kStream) {
    EXPECT_EQ(pings, 0u);
  } else {
    EXPECT_GE(pings, 3u);  // the peer acknowledges late: a round trip is long here
    EXPECT_LE(pings, 5u);
  }
}

// CON-5
TEST_P(Waits, for_an_answer_to_ping_are_short) {
  RawPeer peer(config(Role::kServer));
  peer.greet();
  peer.send(PingMessage{4711, {}});
  ASSERT_EQ(peer.seen_messages<PongMessage>().size(), 1u);
  EXPECT_EQ(peer.seen_messages<PongMessage>()[0].nonce, 4711u);
}

// CON-4
TEST_P(Waits, of_two_sides_with_nothing_to_say_last_as_long_as_both_live) {
  LinkOptions link;
  if (GetParam() == Binding::kDatagram) link.loss = 0.05;
  PairOptions two = pair_options(GetParam(), link, 5);
  two.client.idle_timeout = seconds(9);
  Pair pair(two);
  pair.run_until(pair.now + seconds(3'600));
  EXPECT_TRUE(pair.client.connection.is_established());
  EXPECT_TRUE(pair.server.connection.is_established());
  EXPECT_LT(pair.client.out.sent_count(), 10'000u);
  EXPECT_EQ(pair.late_timers, 0);
}

// No timer is due in the past once it was handled, however bad the path.
TEST_P(Waits, never_stand_still) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    LinkOptions link;
    link.rate_bits_per_s = 1e6 * static_cast<double>(1 + rng.below(20));
    link.queue_bytes = 4'000 + rng.below(60'000);
    if (GetParam() == Binding::kDatagram) {
      link.loss = 0.2 * rng.uniform();
      link.reorder = 0.2 * rng.uniform();
    }
    Pair pair(pair_options(GetParam(), link, seed));
    serve(pair.server, sample_card(seed, 20, 9'000));
    KeepingSink sink;
    RequestOptions wish;
    if (seed % 2 == 0) wish.deadline = milliseconds(400);
    pair.client.connection.request(pair.now, wish, sink);
    pair.run_until(pair.now + milliseconds(static_cast<std::int64_t>(rng.below(1'000))));
    pair.client.out.options().loss = pair.server.out.options().loss = seed % 3 == 0 ? 1 : 0;
    pair.run_until(pair.now + seconds(200));
    ASSERT_EQ(pair.late_timers, 0);
  }
}

}  // namespace
}  // namespace kvferry::test
