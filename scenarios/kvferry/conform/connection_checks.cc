// SPDX-License-Identifier: MIT
//
// Section 10: greeting, signs of life, and the end.
#include <algorithm>

#include "scenarios/kvferry/conform/malformed.h"
#include "transport/clock.h"

namespace kvferry::conform {
namespace {

HelloMessage hello_with_versions(std::vector<std::uint32_t> versions) {
  HelloMessage hello = usual_hello();
  hello.hello.versions = std::move(versions);
  return hello;
}

HelloMessage another_magic() {
  HelloMessage hello = usual_hello();
  hello.magic = "kvfairy";
  return hello;
}

void ping_before_hello(Trial& trial) {
  auto peer = trial.connect();
  peer->send(PingMessage{7, {}});
  expect_end(*peer, ErrorCode::kUnexpected);
}

void critical_before_hello(Trial& trial) {
  auto peer = trial.connect();
  peer->send({out_frame(0x1001, Bytes(3))});
  expect_end(*peer, ErrorCode::kUnknownCritical);
}

void others_before_hello(Trial& trial) {
  auto peer = trial.connect();
  peer->send({out_frame(0x1002, Bytes(3)), out_frame(reserved_type(0), {}), Peer::frame(usual_hello())});
  peer->await_hello();
  expect_alive(*peer);
}

void second_hello(Trial& trial) {
  auto peer = trial.greeted();
  peer->send(usual_hello());
  expect_end(*peer, ErrorCode::kUnexpected);
}

void greets_first(Trial& trial) {
  auto peer = trial.greeted();
  const Hello& hello = peer->hello()->hello;
  expect(std::is_sorted(hello.versions.begin(), hello.versions.end(), std::less_equal<>()),
         "the versions in the peer's HELLO do not ascend");
  expect(std::find(hello.versions.begin(), hello.versions.end(), Hello::kVersion) != hello.versions.end(),
         "version 1 is not in the peer's HELLO");
  expect(hello.limits.initial_credit_bytes >= hello.limits.max_chunk_bytes,
         "limit 5 of the peer's HELLO is less than limit 2");
  expect_alive(*peer);
}

void speaks_the_common_version(Trial& trial) {
  expect_alive(*trial.greeted(hello_with_versions({1, 2, 4711})));
}

void request_beside_hello(Trial& trial) {
  auto peer = trial.connect();
  RequestMessage request = trial.wanted();
  request.transfer = peer->next_transfer();
  peer->send({Peer::frame(usual_hello()), Peer::frame(request)});
  peer->await_hello();
  expect_manifest(*peer, request.transfer);
}

void same_nonce(Trial& trial) {
  auto peer = trial.greeted();
  for (const std::uint64_t nonce : {std::uint64_t{0}, kVarintMax, ~std::uint64_t{0}}) {
    const std::size_t before = peer->arrivals().size();
    peer->send(PingMessage{nonce, {}});
    const auto pong = peer->await(FrameType::kPong, before);
    expect(pong.has_value(), "no PONG came");
    const auto message = decode_map<PongMessage>(pong->body, "PONG");
    expect(message && message->nonce == nonce,
           "PONG came with another nonce, expected " + std::to_string(nonce));
  }
}

std::size_t pings(const Peer& peer) {
  const auto& all = peer.arrivals();
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const Arrival& a) {
    return a.type == static_cast<std::uint64_t>(FrameType::kPing);
  }));
}

// PING is due after a third of the idle timeout that this side names: 300 ms.
void asks_for_a_sign_of_life(Trial& trial) {
  HelloMessage hello = usual_hello();
  hello.hello.idle_timeout_ms = 900;
  auto peer = trial.greeted(hello);
  peer->wait_for(milliseconds(150));
  const std::size_t before = pings(*peer);
  peer->wait_until([&] { return pings(*peer) > before; });
  expect(pings(*peer) > before, "no PING came to a silent client whose idle timeout is 900 ms");
}

void waits_for_hello(Trial& trial) {
  auto peer = trial.connect();
  if (trial
          .datagrams()) {  // a server may ignore a first datagram without the beginning of the control stream
    const Bytes half = Peer::frame(usual_hello()).head;
    packets(*peer).send_packet(packets(*peer).control(0, half));
  }
  const Time begun = steady_now();
  while (!peer->ending() && steady_now() - begun < std::chrono::seconds(20))
    peer->wait_for(milliseconds(500));
  expect(peer->ending().has_value(), "20 s without a HELLO, and the connection goes on, expected code 9");
  expect(peer->ending()->code == 9u,
         "the connection ended with " + peer->ending()->how + ", expected code 9");
}

void ends_when_idle(Trial& trial) {
  auto peer = trial.greeted();
  const std::uint64_t timeout_ms = peer->hello()->hello.idle_timeout_ms;
  skip_unless(timeout_ms > 0 && timeout_ms <= 60'000,
              "the peer names no idle timeout, or more than a minute");
  peer->answers_ping = false;
  if (trial.datagrams()) packets(*peer).habits.acknowledges = false;
  const Time end =
      steady_now() + milliseconds(static_cast<std::int64_t>(timeout_ms)) + std::chrono::seconds(5);
  while (!peer->ending() && steady_now() < end) peer->wait_for(milliseconds(500));
  expect(peer->ending().has_value(), "5 s after its idle timeout the peer goes on, expected code 8");
  expect(peer->ending()->code == 8u,
         "the connection ended with " + peer->ending()->how + ", expected code 8");
}

void nothing_after_goodbye(Trial& trial) {
  auto peer = trial.greeted();
  const std::size_t before = peer->arrivals().size();
  peer->send({Peer::frame(GoodbyeMessage{}), Peer::frame(PingMessage{4711, {}})});
  peer->wait_for(milliseconds(300));
  expect(!peer->find(FrameType::kPong, before), "PING after GOODBYE was answered, expected it ignored");
  peer->leave_without_a_word();
}

void nothing_after_error(Trial& trial) {
  auto peer = trial.greeted();
  peer->send({Peer::frame(usual_hello()), Peer::frame(PingMessage{4711, {}})});
  expect_end(*peer, ErrorCode::kUnexpected);
  peer->wait_for(milliseconds(200));
  expect(peer->messages_after_the_end() == 0, "frames came after ERROR");
}

// What one side says after it has ended: ACK and CLOSE, one packet for one.
void closed_but_polite(Trial& trial) {
  auto peer = trial.greeted();
  peer->send(usual_hello());
  expect_end(*peer, ErrorCode::kUnexpected);
  peer->settle();
  DatagramLink& link = packets(*peer);
  link.habits.sends_again = false;
  const std::size_t before = link.heard().size();
  constexpr int kProbes = 4;
  for (int i = 0; i < kProbes; ++i) {
    link.send_packet(DatagramLink::packed(0x35, {}));
    peer->wait_for(milliseconds(50));
  }
  peer->wait_for(milliseconds(200));
  const std::size_t answers = link.heard().size() - before;
  expect(answers <= kProbes,
         std::to_string(answers) + " packets answered " + std::to_string(kProbes) + ", expected one for one");
  skip_unless(answers > 0, "the peer remembers nothing of a connection that has ended");
}

std::vector<Check> greeting() {
  return {
      {"CON-1", "HELLO is the peer's first message, and in order", On::kBoth, greets_first},
      {"CON-1", "a PING before HELLO ends the connection", On::kBoth, ping_before_hello},
      hello_ends("CON-1", "another magic ends the connection", another_magic(), ErrorCode::kMalformed),
      {"FRM-1", "an unknown critical type before HELLO ends the connection", On::kBoth,
       critical_before_hello},
      {"FRM-2", "unknown types without the critical bit are skipped before HELLO", On::kBoth,
       others_before_hello},
      {"CON-1", "a second HELLO ends the connection", On::kBoth, second_hello},
      {"CON-2", "version 1 is spoken with a peer that knows later ones", On::kBoth,
       speaks_the_common_version},
      hello_ends("CON-2", "no common version ends the connection", hello_with_versions({2, 4711}),
                 ErrorCode::kVersion),
      hello_ends("IGN-1", "versions that do not ascend end the connection", hello_with_versions({2, 1}),
                 ErrorCode::kMalformed),
      {"CON-3", "a REQUEST right after HELLO is served", On::kBoth, request_beside_hello},
  };
}

std::vector<Check> life_and_end() {
  return {
      {"CON-4", "a silent peer is asked for a sign of life", On::kBoth, asks_for_a_sign_of_life},
      {"CON-4", "no HELLO ends the connection with code 9", On::kBoth, waits_for_hello, Pace::kSlow},
      {"CON-4", "a peer that says nothing ends the connection with code 8", On::kBoth, ends_when_idle,
       Pace::kSlow},
      {"CON-5", "PONG has the nonce of its PING", On::kBoth, same_nonce},
      {"CON-6", "what comes after GOODBYE is ignored", On::kBoth, nothing_after_goodbye},
      {"CON-6", "nothing is sent after ERROR", On::kBoth, nothing_after_error},
      {"CON-6", "after the end packets are answered one for one", On::kDatagram, closed_but_polite},
  };
}

}  // namespace

std::vector<Check> connection_checks() {
  std::vector<Check> checks = greeting();
  const auto more = life_and_end();
  checks.insert(checks.end(), more.begin(), more.end());
  return checks;
}

}  // namespace kvferry::conform
