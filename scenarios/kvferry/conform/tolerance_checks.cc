// SPDX-License-Identifier: MIT
//
// Sections 12, 13 and 15: unknown codes, limits, and what later versions may
// send.
#include "scenarios/kvferry/conform/malformed.h"

namespace kvferry::conform {
namespace {

HelloMessage little_credit() {
  HelloMessage hello = usual_hello();
  hello.hello.limits.initial_credit_bytes = hello.hello.limits.max_chunk_bytes - 1;
  return hello;
}

// A code of a later version ends the connection all the same.
void unknown_code_of_error(Trial& trial) {
  auto peer = trial.greeted();
  const std::size_t before = peer->arrivals().size();
  peer->send({Peer::frame(ErrorMessage{4711, "of a later version", {}}), Peer::frame(PingMessage{4711, {}})});
  peer->wait_for(milliseconds(300));
  expect(!peer->find(FrameType::kPong, before), "PING after ERROR was answered, expected it ignored");
  peer->leave_without_a_word();
}

void unknown_code_of_reject(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
  peer->send({reject(id, 4711)});
  expect_alive(*peer);
}

void unknown_features(Trial& trial) {
  HelloMessage hello = usual_hello();
  hello.hello.features |= (std::uint64_t{1} << 20) | (std::uint64_t{1} << 33) | (std::uint64_t{1} << 47);
  auto peer = trial.greeted(hello);
  expect_manifest(*peer, peer->request(trial.wanted()));
}

// 128 to 143, in every message of a transfer's beginning.
void reserved_keys(Trial& trial) {
  const UnknownFields reserved{2, {0xCC, 0x80, 0x93, 0x01, 0xC3, 0xA0, 0xCC, 0x8F, 0xC4, 0x01, 0x00}};
  HelloMessage hello = usual_hello();
  hello.unknown = reserved;
  auto peer = trial.greeted(hello);
  RequestMessage request = trial.wanted();
  request.options.manifest_first = true;
  request.unknown = reserved;
  const TransferId id = peer->request(request);
  expect_manifest(*peer, id);
  peer->send(HaveMessage{id, {}, reserved});
  peer->send(PingMessage{7, reserved});
  expect_alive(*peer);
}

}  // namespace

std::vector<Check> tolerance_checks() {
  return {
      {"ERR-1", "an unknown code of ERROR ends the connection", On::kBoth, unknown_code_of_error},
      {"ERR-1", "an unknown code of REJECT ends its transfer", On::kBoth, unknown_code_of_reject},
      hello_ends("LIM-1", "credit for less than one chunk ends the connection", little_credit(),
                 ErrorCode::kMalformed),
      {"VER-1", "reserved keys are ignored", On::kBoth, reserved_keys},
      {"VER-1", "reserved and unknown features are ignored", On::kBoth, unknown_features},
  };
}

}  // namespace kvferry::conform
