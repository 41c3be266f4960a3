// SPDX-License-Identifier: MIT
//
// Addresses that change, that are not believed before they answer, and tokens that prove them.
#include <gtest/gtest.h>

#include <set>

#include "protocol/datagram/retry_packet.h"
#include "tests/protocol/raw_peer.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

using std::chrono::seconds;

PairOptions options(std::uint64_t seed, double loss = 0) {
  LinkOptions link;
  link.rate_bits_per_s = 10e6;
  link.loss = loss;
  return pair_options(Binding::kDatagram, link, seed);
}

ConnectionConfig config(Role role, std::uint64_t seed = 1) {
  ConnectionConfig config;
  config.role = role;
  config.binding = Binding::kDatagram;
  config.seed = seed;
  return config;
}

// What a connection wants to send now, datagram by datagram.
std::vector<Outgoing> drain(Connection& connection, Time now) {
  std::vector<Outgoing> all;
  while (auto out = connection.poll_transmit(now)) all.push_back(std::move(*out));
  while (connection.poll_event()) {
  }
  return all;
}

std::vector<PacketFrame> frames_of(const Outgoing& datagram) {
  std::vector<PacketFrame> frames;
  auto packet = open_packet(datagram.head);
  EXPECT_TRUE(packet);
  ByteReader in(packet->frames);
  while (!in.at_end()) frames.push_back(*take_packet_frame(in));
  return frames;
}

bool has_frame(const Outgoing& datagram, FrameType type) {
  auto frames = frames_of(datagram);
  return std::any_of(frames.begin(), frames.end(),
                     [&](const PacketFrame& f) { return f.type == static_cast<std::uint64_t>(type); });
}

// Runs timers until then; counts what is sent.
std::uint64_t bytes_until(Connection& connection, Time& now, Time end) {
  std::uint64_t total = 0;
  for (const Outgoing& out : drain(connection, now)) total += out.head.size();
  for (auto due = connection.poll_timeout(); due && *due <= end; due = connection.poll_timeout()) {
    now = std::max(now, *due);
    connection.handle_timeout(now);
    for (const Outgoing& out : drain(connection, now)) total += out.head.size();
  }
  now = end;
  return total;
}

// ADR-6: a client's mapping changes again and again; packets to an old one are lost, or still arrive.
TEST(Address, a_transfer_goes_on_when_the_client_changes_its_address) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Card card = even_card(seed, 60, 20'000);
    Pair pair(options(seed, seed % 4 == 0 ? 0.02 : 0));
    pair.old_addresses_deliver = seed % 2 == 0;
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    for (PathId address = 1; address <= 3; ++address) {
      ASSERT_TRUE(pair.run([&] { return sink.arrived.size() >= 12 * address; }));
      pair.client_address = address;
    }
    Time changed = pair.now;
    ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
    EXPECT_TRUE(same_bytes(sink.card, card));
    EXPECT_EQ(pair.server.connection.path().path, 3u);
    EXPECT_LT(pair.now, changed + seconds(8));
    EXPECT_EQ(pair.late_timers, 0);
  }
}

// ADR-6: the client need not have anything to say but acknowledgements.
TEST(Address, a_change_in_mid_transfer_costs_a_few_round_trips) {
  std::vector<double> waits;
  for (std::uint64_t seed = 0; seed < 21; ++seed) {
    Pair pair(options(seed));
    serve(pair.server, even_card(seed, 60, 20'000));
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    ASSERT_TRUE(pair.run([&] { return sink.arrived.size() >= 20; }));
    pair.client_address = 1;
    Time changed = pair.now;
    std::size_t before = sink.arrived.size() + 4;  // those were under way
    ASSERT_TRUE(pair.run([&] { return sink.arrived.size() >= before; }));
    waits.push_back(to_seconds(pair.now - changed));
  }
  std::sort(waits.begin(), waits.end());
  EXPECT_LT(waits[waits.size() / 2], 0.5);
  EXPECT_LT(waits.back(), 1.0);
}

// ADR-6: nothing that the client sends reaches the server, and then all of it from elsewhere.
TEST(Address, an_idle_client_that_comes_back_from_elsewhere_is_served_there) {
  Pair pair(options(3));
  Card card = even_card(1, 10, 20'000);
  serve(pair.server, card);
  confirm_when_complete(pair.client);
  ASSERT_TRUE(pair.run([&] { return pair.client.connection.is_established(); }));
  pair.run_until(pair.now + seconds(60));
  pair.client_address = 9;
  KeepingSink sink;
  Time asked = pair.now;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_LT(pair.now, asked + seconds(2));
  EXPECT_TRUE(same_bytes(sink.card, card));
}

// ADR-2, ADR-6: no more than three times what came from a new address, until it has answered.
TEST(Address, a_new_one_gets_three_times_what_it_sent_until_it_answers) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Pair pair(options(seed));
    serve(pair.server, even_card(seed, 60, 20'000));
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    ASSERT_TRUE(pair.run([&] { return sink.arrived.size() >= 10; }));
    pair.client_address = 1;  // and nothing that is sent there arrives
    pair.server.out.options().loss = 1;
    Time end = pair.now + seconds(20);
    (void)pair.run(
        [&] {
          EXPECT_LE(pair.server.sent_to_bytes[1], 3 * pair.server.received_from_bytes[1]);
          return false;
        },
        end);
    EXPECT_GT(pair.server.sent_to_bytes[1], 0u);
  }
}

// ADR-2
TEST(Address, a_server_never_sends_more_than_three_times_what_a_silent_client_sent) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Time now = time_from_ns(1'000'000'000);
    Connection client(config(Role::kClient, seed), now), server(config(Role::kServer, seed), now);
    KeepingSink sink;
    client.request(now, {}, sink);
    std::uint64_t received = 0, sent = 0;
    auto first = drain(client, now);
    for (std::size_t i = 0; i <= seed % first.size(); ++i) {
      received += first[i].head.size();
      server.handle_datagram(now, first[i].head);
      while (auto event = server.poll_event()) {
        if (auto* wanted = std::get_if<event::Requested>(&*event))
          server.provide(now, wanted->id, std::make_shared<CardSource>(even_card(1, 40, 20'000)));
      }
      sent += bytes_until(server, now, now);
      ASSERT_LE(sent, 3 * received);
    }
    sent += bytes_until(server, now, now + seconds(100));
    EXPECT_LE(sent, 3 * received);
    EXPECT_GT(sent, 0u);
    EXPECT_TRUE(server.is_closed());
  }
}

// ADR-2: a fault costs no more either.
TEST(Address, a_server_that_ends_the_connection_does_not_exceed_it_to_say_so) {
  Time now = time_from_ns(1'000'000'000);
  Connection client(config(Role::kClient), now), server(config(Role::kServer), now);
  KeepingSink sink;
  client.request(now, {}, sink);
  auto first = drain(client, now);
  server.handle_datagram(now, first[0].head);
  std::uint64_t sent = 0;
  while (auto event = server.poll_event()) {
    if (auto* wanted = std::get_if<event::Requested>(&*event))
      server.provide(now, wanted->id, std::make_shared<CardSource>(even_card(1, 40, 20'000)));
  }
  sent += bytes_until(server, now, now + milliseconds(900));
  EXPECT_GT(sent, 3 * first[0].head.size() - 1'200);
  std::uint64_t received = first[0].head.size();
  for (std::uint64_t number = 100; number < 130;
       ++number) {  // an unknown critical frame, and what comes then
    Bytes frames{0x47, 0x00};
    Bytes datagram = seal_packet({*client.connection_id(), number}, frames);
    received += datagram.size();
    server.handle_datagram(now, datagram);
    sent += bytes_until(server, now, now);
    ASSERT_LE(sent, 3 * received);
  }
}

// ADR-1
TEST(Address, a_first_datagram_that_is_small_gets_no_answer) {
  Time now = time_from_ns(1'000'000'000);
  for (std::size_t size : {100u, 1'199u, 1'200u}) {
    Connection server(config(Role::kServer), now);
    Bytes frames{0x35, 0x00};
    frames.resize(size - PacketHeader{7, 0}.size_bytes());
    if (frames.size() % 2 == 1)
      frames = {0x35, 0x01, 0x00}, frames.resize(size - PacketHeader{7, 0}.size_bytes());
    Bytes datagram = seal_packet({7, 0}, frames);
    ASSERT_EQ(datagram.size(), size);
    server.handle_datagram(now, datagram);
    Time later = now;
    EXPECT_EQ(bytes_until(server, later, now + milliseconds(500)) > 0, size >= 1'200) << size;
  }
}

// ADR-1, ADR-8
TEST(Address, a_client_pads_everything_until_it_has_heard_from_the_server) {
  Time now = time_from_ns(1'000'000'000);
  Connection client(config(Role::kClient), now);
  std::size_t datagrams = 0;
  Time end = now + seconds(8);
  for (auto due = std::optional(now); due && *due <= end; due = client.poll_timeout()) {
    now = std::max(now, *due);
    client.handle_timeout(now);
    for (const Outgoing& out : drain(client, now)) {
      EXPECT_GE(out.head.size(), 1'200u);
      ++datagrams;
    }
  }
  EXPECT_GE(datagrams, 5u);
}

// ADR-8: the server's allowance is used up and its packets were lost; the client must wake it.
TEST(Address, a_server_that_may_say_no_more_is_woken_by_its_client) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Pair pair(options(seed));
    Card card = even_card(seed, 10, 20'000);
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    pair.server.out.options().loss = 1;
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    pair.run_until(pair.now + milliseconds(100 + 40 * static_cast<std::int64_t>(seed)));
    pair.server.out.options().loss = 0;
    ASSERT_TRUE(
        pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }, pair.now + seconds(6)));
  }
}

// ADR-3: the server's challenges outlast an outage that the handshake outlasts.
TEST(Address, is_confirmed_after_an_outage_of_twenty_seconds) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PairOptions patient = options(seed);
    patient.client.handshake_timeout = patient.server.handshake_timeout = seconds(60);
    patient.client.idle_timeout = patient.server.idle_timeout = seconds(60);
    Pair pair(patient);
    Card card = even_card(seed, 10, 20'000);
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    pair.run_until(pair.now + milliseconds(10 + 10 * static_cast<std::int64_t>(seed)));
    pair.client.out.options().loss = pair.server.out.options().loss = 1;
    pair.run_until(pair.now + seconds(20));
    pair.client.out.options().loss = pair.server.out.options().loss = 0;
    ASSERT_TRUE(
        pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }, pair.now + seconds(6)));
  }
}

// ADR-8: a server that does not ask where its client is, and is not mute either.
TEST(Address, that_is_never_challenged_is_probed_for_ever_more_rarely) {
  RawPeer peer(config(Role::kClient));
  peer.greet();
  for (int i = 0; i < 12; ++i) {
    peer.send(PingMessage{1, {}});
    peer.wait(seconds(5));
  }
  EXPECT_LT(peer.connection.path().packets_sent, 150u);
}

// ADR-3
TEST(Address, a_challenge_is_answered_to_where_it_came_from) {
  Pair pair(options(1));
  ASSERT_TRUE(pair.run([&] { return pair.client.connection.is_established(); }));
  pair.run_until(pair.now + seconds(1));
  Bytes frames{0x3B, 0x08, 1, 2, 3, 4, 5, 6, 7, 8};
  frames.resize(100);
  std::uint64_t id = *pair.client.connection.connection_id();
  // An old packet number from another address: the server does not follow it there, but it answers.
  Connection& server = pair.server.connection;
  server.handle_datagram(pair.now, seal_packet({id, 0}, frames), 5);  // processed before: ignored
  EXPECT_TRUE(drain(server, pair.now).empty());
  server.handle_datagram(pair.now, seal_packet({id, 1'000}, frames), 5);
  bool answered = false;
  for (const Outgoing& out : drain(server, pair.now)) {
    if (out.path != 5) continue;
    for (const PacketFrame& frame : frames_of(out)) {
      if (frame.type != static_cast<std::uint64_t>(FrameType::kResponse)) continue;
      answered = std::equal(frame.body.begin(), frame.body.end(), frames.begin() + 2);
    }
  }
  EXPECT_TRUE(answered);
}

// CON-4, ADR-6: nothing that was under way tells the server where its client is now.
TEST(Address, that_changes_while_the_client_only_listens_is_told_by_its_ping) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Pair pair(options(seed));
    Card card = even_card(seed, 100, 20'000);
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    ASSERT_TRUE(pair.run([&] { return sink.arrived.size() >= 10 + seed; }));
    pair.client.out.options().loss = pair.server.out.options().loss = 1;
    pair.run_until(pair.now + milliseconds(200));
    pair.client_address = 7;
    pair.client.out.options().loss = 0;
    pair.run_until(pair.now + milliseconds(300));
    pair.server.out.options().loss = 0;
    Time begin = pair.now;
    ASSERT_TRUE(
        pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }, begin + seconds(4)));
    EXPECT_TRUE(same_bytes(sink.card, card));
  }
}

// ADR-6: somebody else repeats the newest packet from where he is, and then nothing comes for a while.
TEST(Address, a_server_returns_from_one_that_does_not_answer) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Pair pair(options(seed));
    Card card = even_card(seed, 100, 20'000);
    serve(pair.server, card);
    confirm_when_complete(pair.client);
    KeepingSink sink;
    pair.client.connection.request(pair.now, {}, sink);
    ASSERT_TRUE(pair.run([&] { return sink.arrived.size() >= 10; }));
    pair.client_address = 66;
    ASSERT_TRUE(pair.run([&] { return pair.server.connection.path().path == 66; }));
    pair.client_address = 0;
    pair.client.out.options().loss = 1;
    Time begin = pair.now;
    ASSERT_TRUE(pair.run([&] { return pair.server.connection.path().path == 0; }, begin + seconds(10)));
    EXPECT_LE(pair.server.sent_to_bytes[66], 3 * pair.server.received_from_bytes[66]);
    EXPECT_GT(pair.server.sent_to_bytes[66], 0u);
    pair.client.out.options().loss = 0;
    ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
    EXPECT_LT(pair.now, begin + seconds(15));
    EXPECT_TRUE(same_bytes(sink.card, card));
  }
}

// ADR-6: the real client is heard again soon.
TEST(Address, a_packet_repeated_from_elsewhere_costs_little_while_the_client_speaks) {
  Pair pair(options(2));
  serve(pair.server, even_card(1, 100, 20'000));
  confirm_when_complete(pair.client);
  KeepingSink sink;
  pair.client.connection.request(pair.now, {}, sink);
  ASSERT_TRUE(pair.run([&] { return sink.arrived.size() >= 10; }));
  pair.client_address = 66;
  ASSERT_TRUE(pair.run([&] { return pair.server.connection.path().path == 66; }));
  pair.client_address = 0;
  Time begin = pair.now;
  ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
  EXPECT_LT(pair.now, begin + seconds(5));
  EXPECT_EQ(pair.server.connection.path().path, 0u);
}

// ADR-6
TEST(Address, a_client_ignores_datagrams_from_elsewhere_than_its_server) {
  Pair pair(options(4));
  ASSERT_TRUE(pair.run([&] { return pair.client.connection.is_established(); }));
  pair.run_until(pair.now + seconds(1));
  std::uint64_t id = *pair.client.connection.connection_id();
  Bytes close = seal_packet({id, 5'000}, Bytes{0x47, 0x00});
  pair.client.connection.handle_datagram(pair.now, close, 3);
  EXPECT_TRUE(pair.client.connection.is_established());
  EXPECT_TRUE(drain(pair.client.connection, pair.now).empty());
  pair.client.connection.handle_datagram(pair.now, close, 0);
  EXPECT_FALSE(pair.client.connection.is_established());
}

// ADR-4
TEST(Address, a_client_follows_one_retry_and_shows_its_token_until_it_is_heard) {
  Time now = time_from_ns(1'000'000'000);
  Connection client(config(Role::kClient), now);
  std::uint64_t id = *client.connection_id();
  EXPECT_FALSE(has_frame(drain(client, now)[0], FrameType::kToken));
  client.handle_datagram(now, seal_retry({id + 1, Bytes(20, 1)}));  // of another connection
  EXPECT_TRUE(drain(client, now).empty());
  client.handle_datagram(now, seal_retry({id, Bytes(20, 2)}));
  auto again = drain(client, now);
  ASSERT_FALSE(again.empty());
  for (const Outgoing& out : again) {
    EXPECT_GE(out.head.size(), 1'200u);
    ASSERT_TRUE(has_frame(out, FrameType::kToken));
    EXPECT_TRUE(has_frame(out, FrameType::kControl));
    EXPECT_EQ(Bytes(frames_of(out)[0].body.begin(), frames_of(out)[0].body.end()), Bytes(20, 2));
  }
  client.handle_datagram(now, seal_retry({id, Bytes(20, 3)}));  // a second one is not followed
  EXPECT_TRUE(drain(client, now).empty());
  now = *client.poll_timeout();
  client.handle_timeout(now);
  for (const Outgoing& out : drain(client, now)) EXPECT_EQ(frames_of(out)[0].body[0], 2);
  EXPECT_TRUE(client.token().empty());  // it is of no use later
  client.handle_datagram(now, seal_packet({id, 0}, Bytes{0x35, 0x00}));
  now += seconds(1);
  client.handle_timeout(now);
  for (const Outgoing& out : drain(client, now)) EXPECT_FALSE(has_frame(out, FrameType::kToken));
}

// ADR-4: once the server was heard, a RETRY is nothing to follow.
TEST(Address, a_retry_after_anything_else_is_ignored) {
  Pair pair(options(5));
  ASSERT_TRUE(pair.run([&] { return pair.client.connection.is_established(); }));
  pair.run_until(pair.now + seconds(1));
  std::uint64_t id = *pair.client.connection.connection_id();
  pair.client.connection.handle_datagram(pair.now, seal_retry({id, Bytes(20, 2)}));
  pair.client.connection.handle_datagram(pair.now, seal_versions({id, {0xAF}}));
  EXPECT_TRUE(drain(pair.client.connection, pair.now).empty());
  EXPECT_TRUE(pair.client.connection.is_established());
}

// ADR-7
TEST(Address, versions_without_a_common_kind_end_with_code_6) {
  Time now = time_from_ns(1'000'000'000);
  Connection client(config(Role::kClient), now);
  (void)drain(client, now);
  std::uint64_t id = *client.connection_id();
  client.handle_datagram(now, seal_versions({id + 1, {0xA2}}));
  client.handle_datagram(now, seal_versions({id, {0xA2, 0xA1}}));  // somebody else's, or a mistake
  EXPECT_FALSE(client.is_closed());
  client.handle_datagram(now, seal_versions({id, {0xA2, 0xAF}}));
  EXPECT_TRUE(client.is_closed());
  auto event = client.poll_event();
  ASSERT_TRUE(event && std::holds_alternative<event::Closed>(*event));
  EXPECT_EQ(std::get<event::Closed>(*event).code, ErrorCode::kVersion);
  EXPECT_FALSE(client.poll_transmit(now));
}

// ADR-5
TEST(Address, a_token_for_the_next_connection_arrives_whatever_is_lost) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PairOptions two = options(seed, 0.2);
    two.server.new_token = Bytes(26, 7);
    Pair pair(two);
    ASSERT_TRUE(pair.run([&] { return !pair.client.connection.token().empty(); }, pair.now + seconds(20)));
    EXPECT_EQ(pair.client.connection.token(), Bytes(26, 7));
    EXPECT_TRUE(pair.server.connection.token().empty());
  }
}

// ADR-5: and none when none was given.
TEST(Address, a_token_that_was_shown_is_not_one_that_was_given) {
  PairOptions two = options(1);
  two.client.token = Bytes(26, 9);
  Pair pair(two);
  ASSERT_TRUE(pair.run([&] { return pair.client.connection.is_established(); }));
  EXPECT_TRUE(pair.client.connection.token().empty());
}

// ADR-2, ADR-3: the driver has judged the token.
TEST(Address, a_token_lifts_the_limit) {
  for (bool validated : {false, true}) {
    ConnectionConfig known = config(Role::kServer);
    known.address_validated = validated;
    Time now = time_from_ns(1'000'000'000);
    Connection client(config(Role::kClient), now), server(known, now);
    KeepingSink sink;
    client.request(now, {}, sink);
    std::uint64_t received = 0;
    for (const Outgoing& out : drain(client, now)) {
      received += out.head.size();
      server.handle_datagram(now, out.head);
    }
    while (auto event = server.poll_event()) {
      if (auto* wanted = std::get_if<event::Requested>(&*event))
        server.provide(now, wanted->id, std::make_shared<CardSource>(even_card(1, 40, 20'000)));
    }
    std::uint64_t sent = 0;
    bool challenged = false;
    for (Time end = now + milliseconds(100); now < end; now += milliseconds(1)) {
      server.handle_timeout(now);
      for (const Outgoing& out : drain(server, now)) {
        sent += out.head.size();
        challenged = challenged || has_frame(out, FrameType::kChallenge);
      }
    }
    EXPECT_EQ(sent > 3 * received, validated);
    EXPECT_EQ(challenged, !validated);
  }
}

// ADR-3: challenged twenty times, then given up.
TEST(Address, a_client_that_never_answers_is_challenged_twenty_times) {
  ConnectionConfig patient = config(Role::kServer);
  patient.handshake_timeout = seconds(100);
  patient.idle_timeout = Duration::zero();
  Time now = time_from_ns(1'000'000'000);
  Connection server(patient, now);
  Bytes frames{0x35, 0x00};
  frames.resize(1'300);
  for (std::uint64_t number : {0, 1}) server.handle_datagram(now, seal_packet({7, number}, frames));
  std::set<Bytes> challenges;
  Time end = now + seconds(90);
  for (auto due = std::optional(now); due && *due <= end; due = server.poll_timeout()) {
    now = std::max(now, *due);
    server.handle_timeout(now);
    for (const Outgoing& out : drain(server, now)) {
      for (const PacketFrame& frame : frames_of(out)) {
        if (frame.type == static_cast<std::uint64_t>(FrameType::kChallenge))
          challenges.insert(Bytes(frame.body.begin(), frame.body.end()));
      }
    }
  }
  EXPECT_EQ(challenges.size(), 20u);
  EXPECT_TRUE(server.is_closed());
}

// IGN-1
TEST(Address, frames_of_another_size_are_malformed) {
  for (auto [type, size] : {std::pair{FrameType::kChallenge, 7}, std::pair{FrameType::kResponse, 9},
                            std::pair{FrameType::kToken, 0}, std::pair{FrameType::kToken, 65}}) {
    RawPeer peer(config(Role::kServer));
    peer.greet();
    peer.send_packet(type, Bytes(static_cast<std::size_t>(size)));
    peer.drain();
    EXPECT_EQ(peer.fault(), ErrorCode::kMalformed);
  }
}

// Nobody makes a side remember more challenges than it answers.
TEST(Address, a_flood_of_challenges_is_answered_in_packets_of_the_usual_size) {
  RawPeer peer(config(Role::kClient));
  peer.greet();
  for (std::uint8_t i = 0; i < 100; ++i) {
    peer.reading = i % 25 == 24;
    peer.send_packet(FrameType::kChallenge, Bytes(8, i));
    peer.drain();
  }
  std::size_t responses = 0;
  for (const SeenFrame& frame : peer.seen) responses += frame.type == FrameType::kResponse ? 1 : 0;
  EXPECT_GE(responses, 4u);
  EXPECT_LE(responses, 100u);
}

// A RESPONSE that is lost for long is one RESPONSE still.
TEST(Address, a_response_is_not_multiplied_by_losses) {
  RawPeer peer(config(Role::kClient));
  peer.greet();
  peer.wait(seconds(1));
  peer.acknowledging = false;
  peer.send_packet(FrameType::kChallenge, Bytes(8, 1));
  peer.wait(seconds(25));
  auto responses = [&] {
    return std::count_if(peer.seen.begin(), peer.seen.end(),
                         [](const SeenFrame& frame) { return frame.type == FrameType::kResponse; });
  };
  auto before = responses();
  EXPECT_LT(before, 25);
  peer.acknowledging = true;
  peer.send_packet(FrameType::kProbe, {});
  peer.drain();
  peer.send_packet(FrameType::kProbe, {});
  peer.wait(seconds(1));
  EXPECT_LE(responses() - before, 2);
}

}  // namespace
}  // namespace kvferry::test
