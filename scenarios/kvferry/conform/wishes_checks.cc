// SPDX-License-Identifier: MIT
//
// Section 11.2: credit, order and level.
#include <algorithm>
#include <numeric>

#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"

namespace kvferry::conform {
namespace {

std::uint64_t begun_bytes(const Reception& reception, const KnownCard& card) {
  const auto begun = reception.begun();
  return std::accumulate(begun.begin(), begun.end(), std::uint64_t{0},
                         [&](std::uint64_t sum, std::uint64_t chunk) {
                           return sum + card.size_of(static_cast<std::uint32_t>(chunk));
                         });
}

void expect_within(const Reception& reception, const KnownCard& card, std::uint64_t credit_bytes) {
  const std::uint64_t begun = begun_bytes(reception, card);
  expect(begun <= credit_bytes, "chunks of " + std::to_string(begun) + " bytes were begun, the credit is " +
                                    std::to_string(credit_bytes));
}

// Gives back what has come whole, as a receiver does, and holds the source to it all the way.
void obeys_credit(Trial& trial) {
  const KnownCard& card = trial.card();
  skip_unless(card.payload_bytes() > card.largest_bytes(), "the card has one chunk only");
  auto peer = trial.greeted(hello_with_credit_for_one(card));
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  const Reception& reception = peer->reception(id);
  std::uint64_t granted = card.largest_bytes();
  peer->settle();
  expect_within(reception, card, granted);
  while (begun_bytes(reception, card) < card.payload_bytes()) {
    const std::uint64_t before = begun_bytes(reception, card);
    granted = card.largest_bytes() + before;
    peer->send({credit(id, granted)});
    peer->wait_until([&] { return begun_bytes(reception, card) > before; });
    expect(begun_bytes(reception, card) > before,
           "CREDIT of " + std::to_string(granted) + " bytes was given, and no further chunk began");
    expect_within(reception, card, granted);
  }
  expect_rest(*peer, id, card.manifest);
}

void credit_shrinks(Trial& trial) {
  auto peer = trial.greeted(hello_with_credit_for_one(trial.card()));
  const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
  peer->send({credit(id, trial.card().largest_bytes() - 1)});
  expect_end(*peer, ErrorCode::kMalformed);
}

// What is sent again counts already.
void resent_without_credit(Trial& trial) {
  const KnownCard& card = trial.card();
  auto peer = trial.greeted(hello_with_credit_for_one(card));
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  peer->settle();
  const Reception& reception = peer->reception(id);
  expect(!reception.begun().empty(), "credit for one chunk was given, and none began");
  ChunkRanges first;
  first.add(static_cast<std::uint32_t>(reception.begun().front()));
  const std::uint64_t expected = reception.payload_bytes() + card.size_of(first.ranges().front().first);
  peer->send(ResendMessage{id, first, {}});
  peer->wait_until([&] { return reception.payload_bytes() >= expected; });
  expect(reception.payload_bytes() >= expected, "RESEND of a chunk brought nothing without new credit");
  expect_within(reception, card, card.largest_bytes());
}

void in_table_order(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  expect_rest(*peer, id, trial.card().manifest);
  const auto begun = peer->reception(id).begun();
  expect(std::is_sorted(begun.begin(), begun.end()),
         "chunks began in the order " + list_of(begun) + ", expected the table's");
}

void preferred_first(Trial& trial) {
  const KnownCard& card = trial.card();
  skip_unless(card.chunks() > 1, "the card has one chunk only");
  auto peer = trial.greeted();
  const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
  const auto last = static_cast<std::uint32_t>(card.chunks() - 1);
  ChunkRanges wish;
  wish.add(last);
  peer->send({Peer::frame(PreferMessage{id, wish, {}}), have(id)});
  expect_rest(*peer, id, card.manifest);
  auto begun = peer->reception(id).begun();
  expect(begun.front() == last, "chunks began in the order " + list_of(begun) + ", expected chunk " +
                                    std::to_string(last) + " of PREFER first");
  begun.erase(begun.begin());
  expect(std::is_sorted(begun.begin(), begun.end()),
         "after those of PREFER chunks began in the order " + list_of(begun) + ", expected the table's");
}

// The less urgent one may have begun; once the other has, it waits. Datagrams get lost, and what is repeated
// comes amid what was sent since: there the first half of the urgent frames has to tell.
void urgent_first(Trial& trial) {
  const KnownCard& card = trial.card();
  skip_unless(card.chunks() > 3, "the card has fewer than four chunks");
  auto peer = trial.greeted();
  RequestMessage request = trial.wanted();
  request.options.urgency = 7;
  const TransferId later = begin_manifest_first(trial, *peer, request);
  request.options.urgency = 0;
  const TransferId first = begin_manifest_first(trial, *peer, request);
  peer->send({have(later), have(first)});
  expect_rest(*peer, first, card.manifest);
  expect_rest(*peer, later, card.manifest);
  const auto& urgent = peer->reception(first).data;
  const auto& other = peer->reception(later).data;
  const auto& last = trial.datagrams() ? urgent[urgent.size() / 2] : urgent.back();
  expect(last.order < other.back().order, "the urgent transfer was done after the other");
  const auto between = std::count_if(other.begin(), other.end(), [&](const DataSeen& seen) {
    return seen.order > urgent.front().order && seen.order < last.order;
  });
  expect(between == 0, std::to_string(between) + " DATA frames of urgency 7 came amid those of urgency 0");
}

ChunkRanges above_level_0(const KnownCard& card) {
  ChunkRanges above;
  for (std::uint32_t chunk = 0; chunk < card.chunks(); ++chunk) {
    if (card.manifest.chunks[chunk].level > 0) above.add(chunk);
  }
  skip_unless(!above.empty(), "no chunk of the card is above level 0");
  return above;
}

void obeys_level(Trial& trial) {
  const KnownCard& card = trial.card();
  const ChunkRanges above = above_level_0(card);
  auto peer = trial.greeted();
  const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
  peer->send({Peer::frame(LevelMessage{id, 0, {}}), have(id)});
  expect_rest(*peer, id, card.manifest);
  peer->settle();
  expect_skipped(peer->reception(id), above, SkipReason::kLevel);
  for (const DataSeen& seen : peer->reception(id).data) {
    expect(!above.contains(static_cast<std::uint32_t>(seen.place.chunk)),
           "DATA of chunk " + std::to_string(seen.place.chunk) + " came, which is above level 0");
  }
}

void level_before_the_manifest(Trial& trial) {
  const ChunkRanges above = above_level_0(trial.card());
  auto peer = trial.greeted();
  RequestMessage request = trial.wanted();
  request.options.manifest_first = true;
  const TransferId id = peer->request(request, {Peer::frame(LevelMessage{0, 0, {}})});
  expect_manifest(*peer, id);
  peer->send({have(id)});
  expect_rest(*peer, id, trial.card().manifest);
  expect_skipped(peer->reception(id), above, SkipReason::kLevel);
}

void skip_is_final(Trial& trial) {
  const KnownCard& card = trial.card();
  const ChunkRanges above = above_level_0(card);
  auto peer = trial.greeted();
  const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
  peer->send({Peer::frame(LevelMessage{id, 0, {}}), have(id)});
  expect_rest(*peer, id, card.manifest);
  peer->settle();
  const std::size_t before = peer->data_frames();
  peer->send({Peer::frame(LevelMessage{id, 255, {}}), Peer::frame(ResendMessage{id, above, {}})});
  expect_alive(*peer);
  peer->settle();
  expect(peer->data_frames() == before, "RESEND brought a chunk that had been skipped, which is final");
}

Check level_above(std::string what, std::uint8_t level) {
  return {"TRF-11", std::move(what), On::kBoth, [level](Trial& trial) {
            auto peer = trial.greeted();
            const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
            peer->send({Peer::frame(LevelMessage{id, level, {}}), have(id)});
            expect_rest(*peer, id, trial.card().manifest);
            expect(peer->reception(id).skipped.empty(), "chunks were skipped, expected all of them");
          }};
}

std::vector<Check> order_and_level() {
  return {
      {"TRF-10", "chunks begin in the table's order", On::kBoth, in_table_order},
      {"TRF-10", "chunks of PREFER come first", On::kBoth, preferred_first},
      {"TRF-10", "the more urgent of two transfers goes first", On::kBoth, urgent_first},
      {"TRF-11", "chunks above the level are skipped, the others sent", On::kBoth, obeys_level},
      {"TRF-11", "a level that came before the manifest counts", On::kBoth, level_before_the_manifest},
      {"TRF-12", "RESEND of a skipped chunk is ignored", On::kBoth, skip_is_final},
      level_above("nothing is skipped below level 255", 255),
  };
}

}  // namespace

std::vector<Check> wishes_checks() {
  std::vector<Check> checks = {
      {"TRF-9", "chunks begin only within the credit, and all come as it grows", On::kBoth, obeys_credit},
      {"TRF-9", "RESEND needs no credit", On::kBoth, resent_without_credit},
      {"TRF-9", "CREDIT that shrinks ends the connection", On::kBoth, credit_shrinks},
  };
  const auto more = order_and_level();
  checks.insert(checks.end(), more.begin(), more.end());
  return checks;
}

}  // namespace kvferry::conform
