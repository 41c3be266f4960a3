// SPDX-License-Identifier: MIT
//
// Section 11.2: byte budget and deadline.
#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"

namespace kvferry::conform {
namespace {

// Begun, or refused: a source need not take such a request at all.
void skip_if_refused(Peer& peer, TransferId id) {
  peer.wait_until([&] { return peer.reception(id).refused || peer.reception(id).manifest_whole(); });
  const auto& refused = peer.reception(id).refused;
  skip_unless(!refused, "the peer refused: '" + (refused ? refused->reason : std::string()) + "'");
}

Check obeys_budget(std::string what, std::uint64_t (*budget_of)(const KnownCard&)) {
  return {"TRF-13", std::move(what), On::kBoth, [budget_of](Trial& trial) {
            const KnownCard& card = trial.card();
            RequestMessage request = trial.wanted();
            request.options.byte_budget = budget_of(card);
            auto peer = trial.greeted();
            const TransferId id = peer->request(request);
            skip_if_refused(*peer, id);
            expect_manifest(*peer, id);
            expect_rest(*peer, id, card.manifest);
            peer->settle();
            const Reception& reception = peer->reception(id);
            expect(reception.distinct_bytes() <= *request.options.byte_budget,
                   std::to_string(reception.distinct_bytes()) + " bytes of payload came, the budget is " +
                       std::to_string(*request.options.byte_budget));
            for (const auto& [chunk, reason] : reception.skipped)
              expect(reason == SkipReason::kBudget,
                     "chunk " + std::to_string(chunk) + " was skipped for another reason");
          }};
}

void deadline_is_over(Trial& trial) {
  const KnownCard& card = trial.card();
  RequestMessage request = trial.wanted();
  request.deadline_us = 0;
  auto peer = trial.greeted();
  const TransferId id = peer->request(request);
  skip_if_refused(*peer, id);
  expect_manifest(*peer, id);
  expect_rest(*peer, id, card.manifest);
  peer->settle();
  expect(peer->reception(id).data.empty(), "DATA came after a deadline of 0, expected SKIP of everything");
  expect_skipped(peer->reception(id), card.all(), SkipReason::kDeadline);
}

// Between the first chunk and the deadline nothing can be sent: the credit is used up.
void deadline_passes(Trial& trial) {
  const KnownCard& card = trial.card();
  skip_unless(card.payload_bytes() > card.largest_bytes(), "the card has one chunk only");
  RequestMessage request = trial.wanted();
  request.deadline_us = 300'000;
  auto peer = trial.greeted(hello_with_credit_for_one(card));
  const TransferId id = peer->request(request);
  skip_if_refused(*peer, id);
  expect_manifest(*peer, id);
  expect_rest(*peer, id, card.manifest);
  for (const auto& [chunk, reason] : peer->reception(id).skipped)
    expect(reason == SkipReason::kDeadline,
           "chunk " + std::to_string(chunk) + " was skipped for another reason");
  const std::size_t before = peer->data_frames();
  peer->send({credit(id, std::uint64_t{1} << 41)});
  peer->settle();
  expect(peer->data_frames() == before, "DATA came after SKIP of all that was left, which is final");
}

}  // namespace

std::vector<Check> bounds_checks() {
  return {
      obeys_budget("no more than half of the payload is sent when that is the budget",
                   [](const KnownCard& card) { return card.payload_bytes() / 2; }),
      obeys_budget("nothing is sent for a budget of 0", [](const KnownCard&) { return std::uint64_t{0}; }),
      obeys_budget("everything is sent when it fits the budget exactly",
                   [](const KnownCard& card) { return card.payload_bytes(); }),
      {"TRF-14", "everything is skipped after the deadline", On::kBoth, deadline_is_over},
      {"TRF-12", "what was skipped for the deadline is not sent later", On::kBoth, deadline_passes},
  };
}

}  // namespace kvferry::conform
