// SPDX-License-Identifier: MIT
//
// Section 11.3: CONFIRM, STOP, REJECT, CANCEL, and giving up.
#include <algorithm>

#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"
#include "transport/clock.h"

namespace kvferry::conform {
namespace {

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 41;

// A transfer that stands still after its first chunks, for want of credit.
TransferId begin_and_starve(Trial& trial, std::unique_ptr<Peer>& peer) {
  const KnownCard& card = trial.card();
  skip_unless(card.payload_bytes() > card.largest_bytes(), "the card has one chunk only");
  peer = trial.greeted(hello_with_credit_for_one(card));
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  peer->wait_until([&] { return !peer->reception(id).data.empty(); });
  peer->settle();
  return id;
}

void confirm_ends(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  expect_rest(*peer, id, trial.card().manifest);
  confirm(*peer, id, trial.card());
  expect_alive(*peer);
  expect(!peer->reception(id).cancelled, "the transfer was cancelled after CONFIRM");
}

void confirm_of_another(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  expect_rest(*peer, id, trial.card().manifest);
  peer->send(ConfirmMessage{id, trial.card().chunks(), sha256(as_bytes("another card")), {}});
  expect_end(*peer, ErrorCode::kUnexpected);
}

void stop_brings_end(Trial& trial) {
  std::unique_ptr<Peer> peer;
  const TransferId id = begin_and_starve(trial, peer);
  const Reception& reception = peer->reception(id);
  peer->send({Peer::frame(StopMessage{id, 0, {}})});
  peer->wait_until([&] { return reception.end.has_value(); });
  expect(reception.end.has_value(), "STOP was not answered by END");
  const std::size_t begun = reception.begun().size();
  expect(reception.end->chunks == begun, "END says that " + std::to_string(reception.end->chunks) +
                                             " chunks were begun, " + std::to_string(begun) + " came");
  confirm(*peer, id, trial.card());
  expect_alive(*peer);
}

// The whole card is on its way when STOP goes out.
void no_data_after_end(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
  peer->send({have(id), Peer::frame(StopMessage{id, 0, {}})});
  peer->wait_until([&] { return peer->reception(id).end.has_value(); });
  expect(peer->reception(id).end.has_value(), "STOP was not answered by END");
  if (trial.datagrams()) peer->settle();  // what was in flight
  const std::size_t before = peer->data_frames();
  expect_alive(*peer);
  peer->settle();
  expect(peer->data_frames() == before, "DATA came after END");
}

// What ends a starved transfer: nothing comes when CREDIT would allow it.
Check ends_at_once(const char* name, std::function<OutFrame(TransferId)> make) {
  return {"TRF-18", std::string(name) + " ends a transfer at once", On::kBoth,
          [make = std::move(make)](Trial& trial) {
            std::unique_ptr<Peer> peer;
            const TransferId id = begin_and_starve(trial, peer);
            const std::size_t before = peer->data_frames();
            peer->send({make(id), credit(id, kPlenty)});
            expect_alive(*peer);
            peer->settle();
            expect(peer->data_frames() == before, "DATA came for a transfer that was ended, at CREDIT");
          }};
}

void asked_again_after_reject(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId first = begin_manifest_first(trial, *peer, trial.wanted());
  peer->send({reject(first, 10)});
  const TransferId second = peer->request(trial.wanted());
  expect_manifest(*peer, second);
  expect_rest(*peer, second, trial.card().manifest);
}

void gives_up(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
  const Reception& reception = peer->reception(id);
  const Time end = steady_now() + std::chrono::seconds(100);
  while (!reception.cancelled && !peer->ending() && steady_now() < end) peer->wait_for(milliseconds(500));
  expect(!peer->ending(), "the connection ended, expected CANCEL of the transfer alone");
  expect(reception.cancelled.has_value(), "100 s without HAVE, and the transfer goes on, expected CANCEL");
  expect(reception.cancelled->code == TransferError::kStalled,
         "CANCEL came with code " + std::to_string(static_cast<std::uint64_t>(reception.cancelled->code)) +
             ", expected 9 (stalled)");
}

}  // namespace

std::vector<Check> ending_checks() {
  return {
      {"TRF-16", "CONFIRM ends the transfer, and the connection goes on", On::kBoth, confirm_ends},
      {"TRF-16", "CONFIRM of another digest ends the connection", On::kBoth, confirm_of_another},
      {"TRF-17", "STOP is answered by END, which counts the chunks begun", On::kBoth, stop_brings_end},
      {"TRF-17", "no DATA comes after END", On::kBoth, no_data_after_end},
      ends_at_once("REJECT", [](TransferId id) { return reject(id); }),
      ends_at_once("CANCEL",
                   [](TransferId id) {
                     return Peer::frame(CancelMessage{id, "enough", {}, {}});
                   }),
      {"TRF-18", "after REJECT another transfer is served", On::kBoth, asked_again_after_reject},
      {"TRF-19", "a transfer without progress is cancelled", On::kBoth, gives_up, Pace::kSlow},
  };
}

}  // namespace kvferry::conform
