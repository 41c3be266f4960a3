// SPDX-License-Identifier: MIT
//
// Section 6.5: addresses that are not validated, that change, and datagrams of
// other versions.
#include <algorithm>

#include "protocol/base/crc32c.h"
#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"
#include "transport/clock.h"

namespace kvferry::conform {
namespace {

constexpr std::size_t kVersionsHeadBytes = 1 + 8 + 4;

Bytes control_of(const std::vector<OutFrame>& frames) {
  Bytes out;
  for (const OutFrame& frame : frames) {
    append(out, frame.head);
    append(out, frame.body);
  }
  return out;
}

// HELLO and a REQUEST in the first datagram, from a client that proves nothing.
std::unique_ptr<Peer> stranger(Trial& trial, ByteView more_frames = {}) {
  auto peer = trial.connect();
  DatagramLink& link = packets(*peer);
  link.habits.answers_challenges = link.habits.acknowledges = link.habits.sends_again = false;
  RequestMessage request = trial.wanted();
  request.transfer = peer->next_transfer();
  const Bytes stream = control_of({Peer::frame(usual_hello()), Peer::frame(request)});
  Bytes frames(more_frames.begin(), more_frames.end());
  append(frames, link.control(link.take_control(stream.size()), stream));
  link.send_packet(frames);
  return peer;
}

void small_first(Trial& trial) {
  auto peer = trial.connect();
  DatagramLink& link = packets(*peer);
  link.habits.pads = link.habits.sends_again = false;
  peer->send(usual_hello());
  peer->wait_for(milliseconds(500));
  expect(link.traffic().heard_bytes == 0, "a first datagram of less than 1,200 bytes was answered");
}

void threefold(Trial& trial) {
  skip_unless(trial.card().payload_bytes() > kEnoughPayload, "the card is too small to tell");
  auto peer = stranger(trial);
  expect_threefold_at_most(*peer, std::chrono::seconds(2));
  skip_unless(packets(*peer).traffic().heard_bytes > 0, "the first datagram was not answered");
}

void made_up_response(Trial& trial) {
  skip_unless(trial.card().payload_bytes() > kEnoughPayload, "the card is too small to tell");
  auto peer = stranger(trial);
  const auto challenge = peer->await(FrameType::kChallenge);
  skip_unless(challenge.has_value(), "no CHALLENGE came");
  Bytes wrong = challenge->body;
  wrong.back() ^= 1;
  packets(*peer).send_packet(DatagramLink::packed(0x3D, wrong));
  expect_threefold_at_most(*peer, std::chrono::seconds(1));
}

void made_up_token(Trial& trial) {
  skip_unless(trial.card().payload_bytes() > kEnoughPayload, "the card is too small to tell");
  Bytes token(32);
  for (std::uint8_t& byte : token) byte = static_cast<std::uint8_t>(trial.rng().next());
  auto peer = stranger(trial, DatagramLink::packed(0x39, token));
  expect_threefold_at_most(*peer, std::chrono::seconds(1));
}

void challenge_is_answered(Trial& trial) {
  auto peer = trial.greeted();
  Bytes challenge;
  put_le(challenge, packets(*peer).next_random());
  packets(*peer).send_packet(DatagramLink::packed(0x3B, challenge));
  const auto response = peer->await(FrameType::kResponse);
  expect(response.has_value(), "CHALLENGE was not answered by RESPONSE");
  expect(response->body == challenge, "RESPONSE came with other bytes than its CHALLENGE");
}

// To send more than three times as much the server must have asked.
void challenges_before_it_sends(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  expect_rest(*peer, id, manifest_of(peer->reception(id)));
  const DatagramLink& link = packets(*peer);
  skip_unless(link.traffic().heard_bytes > 3 * link.traffic().sent_bytes, "the card is too small to tell");
  expect(link.retry || peer->find(FrameType::kChallenge),
         "a card was sent, and no CHALLENGE or RETRY before");
}

void challenges_differ(Trial& trial) {
  std::vector<Bytes> seen;
  for (int i = 0; i < 3; ++i) {
    auto peer = trial.greeted();
    const auto challenge = peer->await(FrameType::kChallenge);
    skip_unless(challenge.has_value(), "no CHALLENGE came");
    expect(std::find(seen.begin(), seen.end(), challenge->body) == seen.end(), "a CHALLENGE came twice");
    seen.push_back(challenge->body);
  }
}

void challenges_in_vain(Trial& trial) {
  auto peer = stranger(trial);
  peer->wait_for(std::chrono::seconds(40));
  const auto& all = peer->arrivals();
  const auto count = std::count_if(all.begin(), all.end(), [](const Arrival& a) {
    return a.type == static_cast<std::uint64_t>(FrameType::kChallenge);
  });
  skip_unless(count > 0, "no CHALLENGE came");
  const DatagramLink::Traffic& traffic = packets(*peer).traffic();
  expect(count > 1 || traffic.heard_bytes + 100 > 3 * traffic.sent_bytes,
         "one CHALLENGE came in 40 s to a client that answers none, and there was room for more");
  expect(count <= 20,
         std::to_string(count) + " CHALLENGEs came to a client that answers none, expected 20 at most");
}

void retry_is_followed(Trial& trial) {
  auto peer = trial.greeted();
  skip_unless(packets(*peer).retry.has_value(), "the server sent no RETRY");
  expect_alive(*peer);
}

void token_is_taken(Trial& trial) {
  auto first = trial.greeted();
  first->settle();
  skip_unless(!packets(*first).tokens.empty(), "the server sent no TOKEN");
  auto peer = trial.connect();
  DatagramLink& link = packets(*peer);
  Bytes frames = DatagramLink::packed(0x39, packets(*first).tokens.front());
  const Bytes stream = control_of({Peer::frame(usual_hello())});
  append(frames, link.control(link.take_control(stream.size()), stream));
  link.send_packet(frames);
  peer->await_hello();
  expect_alive(*peer);
}

std::vector<Check> validation() {
  return {
      {"ADR-1", "a small first datagram is not answered", On::kDatagram, small_first},
      {"ADR-2", "a client that proves nothing gets three times its bytes at most", On::kDatagram, threefold},
      {"ADR-3", "CHALLENGE is answered by RESPONSE with the same bytes", On::kDatagram,
       challenge_is_answered},
      {"ADR-3", "an address is validated before a card is sent there", On::kDatagram,
       challenges_before_it_sends},
      {"ADR-3", "a RESPONSE with other bytes validates nothing", On::kDatagram, made_up_response},
      {"ADR-3", "challenges differ", On::kDatagram, challenges_differ},
      {"ADR-3", "challenges are repeated, and given up after 20", On::kDatagram, challenges_in_vain,
       Pace::kSlow},
      {"ADR-4", "RETRY leads to a connection", On::kDatagram, retry_is_followed},
      {"ADR-4", "a made-up token validates nothing", On::kDatagram, made_up_token},
      {"ADR-5", "a TOKEN of one connection is taken in the next", On::kDatagram, token_is_taken},
  };
}

Bytes of_another_version(Trial& trial, std::uint8_t kind, std::size_t size_bytes) {
  Bytes datagram{kind};
  put_le(datagram, trial.rng().next());
  datagram.resize(size_bytes, 0x5A);
  return datagram;
}

void versions_are_named(Trial& trial) {
  for (const std::uint8_t kind : {std::uint8_t{0xA2}, std::uint8_t{0xAF}}) {
    auto peer = trial.connect();
    DatagramLink& link = packets(*peer);
    const Bytes asked = of_another_version(trial, kind, 1200);
    link.send_raw(asked);
    for (const Time end = steady_now() + trial.patience(); link.versions.empty() && steady_now() < end;)
      peer->wait_for(milliseconds(10));
    expect(!link.versions.empty(), "a first datagram of a later kind was not answered by VERSIONS");
    const ByteView answer = link.versions.front();
    expect(answer.size() > kVersionsHeadBytes && answer.size() <= kVersionsHeadBytes + 8,
           "VERSIONS has no kinds, or more than 8");
    expect(std::equal(answer.begin() + 1, answer.begin() + 9, asked.begin() + 1),
           "VERSIONS has another connection id");
    const ByteView kinds = answer.subspan(kVersionsHeadBytes);
    expect(load_le<std::uint32_t>(answer.data() + 9) == crc32c(kinds, crc32c(answer.first(9))),
           "VERSIONS is damaged");
    expect(std::find(kinds.begin(), kinds.end(), kPacketKind) != kinds.end(),
           "VERSIONS does not name the kind 0xA1");
  }
}

void small_ones_are_not_answered(Trial& trial) {
  auto peer = trial.connect();
  packets(*peer).send_raw(of_another_version(trial, 0xA2, 1199));
  peer->wait_for(milliseconds(300));
  expect(packets(*peer).traffic().heard_bytes == 0, "a small datagram of a later kind was answered");
}

}  // namespace

std::vector<Check> addresses_checks() {
  std::vector<Check> checks = validation();
  checks.insert(checks.end(), {{"ADR-7", "a first datagram of a later kind is answered by VERSIONS",
                                On::kDatagram, versions_are_named},
                               {"ADR-7", "a small datagram of a later kind is not answered", On::kDatagram,
                                small_ones_are_not_answered}});
  return checks;
}

}  // namespace kvferry::conform
