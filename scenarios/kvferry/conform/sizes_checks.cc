// SPDX-License-Identifier: MIT
//
// Section 6.6: how large datagrams are.
#include <algorithm>

#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"

namespace kvferry::conform {
namespace {

constexpr std::size_t kBlackHoleBytes = 600;

void small_until_proven(Trial& trial) {
  auto peer = trial.greeted();
  packets(*peer).habits.acknowledges_up_to_bytes = kUsualDatagramBytes;
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  expect_rest(*peer, id, manifest_of(peer->reception(id)));
}

// Datagrams above 600 bytes vanish, from some moment on.
void falls_back(Trial& trial) {
  const KnownCard& card = trial.card();
  auto peer = trial.greeted();
  const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
  peer->settle();
  packets(*peer).drop_larger(kBlackHoleBytes);
  peer->send({have(id)});
  for (int i = 0; i < 60 && peer->reception(id).begun().size() < card.chunks(); ++i)
    peer->wait_for(milliseconds(500));
  expect_rest(*peer, id, card.manifest);
}

}  // namespace

std::vector<Check> sizes_checks() {
  return {
      {"MTU-1", "without an acknowledged PROBE a card comes in datagrams of 1,200 bytes at most",
       On::kDatagram, small_until_proven},
      {"MTU-2", "a card comes even where only small datagrams get through", On::kDatagram, falls_back,
       Pace::kSlow},
  };
}

}  // namespace kvferry::conform
