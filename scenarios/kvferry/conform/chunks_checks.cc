// SPDX-License-Identifier: MIT
//
// Sections 11.2 and 11.4: what is here already is not sent, and what is asked
// for again is.
#include <algorithm>

#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"

namespace kvferry::conform {
namespace {

// Every second chunk, so that ranges have gaps.
ChunkRanges every_second(const KnownCard& card) {
  ChunkRanges chunks;
  for (std::uint32_t chunk = 0; chunk < card.chunks(); chunk += 2) chunks.add(chunk);
  return chunks;
}

void skip_unless_held_is_obeyed(const Peer& peer) {
  skip_unless(peer.has_feature(kFeatureResume),
              "the peer's HELLO has no feature bit 0: it obeys no held chunks");
}

void expect_none_of(const Reception& reception, const ChunkRanges& chunks, const char* why) {
  for (const DataSeen& seen : reception.data) {
    expect(!chunks.contains(static_cast<std::uint32_t>(seen.place.chunk)),
           "DATA of chunk " + std::to_string(seen.place.chunk) + " came, which " + why);
  }
}

void held_is_not_sent(Trial& trial) {
  RequestMessage request = trial.wanted_again();
  request.options.held = every_second(trial.card());
  auto peer = trial.greeted();
  skip_unless_held_is_obeyed(*peer);
  const TransferId id = peer->request(request);
  expect_manifest(*peer, id);
  expect_rest(*peer, id, trial.card().manifest, request.options.held);
  peer->settle();
  expect_none_of(peer->reception(id), request.options.held, "was held");
  confirm(*peer, id, trial.card());
  expect_alive(*peer);
}

void all_is_held(Trial& trial) {
  RequestMessage request = trial.wanted_again();
  request.options.held = trial.card().all();
  auto peer = trial.greeted();
  skip_unless_held_is_obeyed(*peer);
  const TransferId id = peer->request(request);
  expect_manifest(*peer, id);
  peer->settle();
  expect_none_of(peer->reception(id), request.options.held, "was held");
  confirm(*peer, id, trial.card());
  expect_alive(*peer);
}

void have_is_not_sent(Trial& trial) {
  const ChunkRanges here = every_second(trial.card());
  auto peer = trial.greeted();
  const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
  peer->send({have(id, here)});
  expect_rest(*peer, id, trial.card().manifest, here);
  peer->settle();
  expect_none_of(peer->reception(id), here, "HAVE had named before it was begun");
}

// The chunk with the most bytes, in part.
PartialChunk half_of_the_largest(const KnownCard& card) {
  const auto& chunks = card.manifest.chunks;
  const auto largest = std::max_element(
      chunks.begin(), chunks.end(), [](const auto& a, const auto& b) { return a.size_bytes < b.size_bytes; });
  skip_unless(largest != chunks.end() && largest->size_bytes > 1, "no chunk has more than one byte");
  const auto index = static_cast<std::uint32_t>(largest - chunks.begin());
  return {index, Slice::copy_of(ByteView(card.payloads[index]).first(largest->size_bytes / 2))};
}

void expect_only_the_rest(Peer& peer, TransferId id, const KnownCard& card, const PartialChunk& partial) {
  const Reception& reception = peer.reception(id);
  const std::uint64_t rest = card.size_of(partial.index) - partial.prefix.size();
  peer.wait_until([&] { return reception.bytes_of(partial.index) >= rest; });
  for (const DataSeen& seen : reception.data) {
    expect(seen.place.chunk != partial.index || seen.place.offset >= partial.prefix.size(),
           "DATA at offset " + std::to_string(seen.place.offset) + " of chunk " +
               std::to_string(partial.index) + " came, whose first " + std::to_string(partial.prefix.size()) +
               " bytes were here");
  }
  expect_digest(reception, card.manifest, partial.index, partial.prefix.view());
}

void rest_of_partial(Trial& trial) {
  const KnownCard& card = trial.card();
  const PartialChunk partial = half_of_the_largest(card);
  RequestMessage request = trial.wanted_again();
  request.partial = ChunkPrefixes({partial});
  auto peer = trial.greeted();
  skip_unless_held_is_obeyed(*peer);
  const TransferId id = peer->request(request);
  expect_manifest(*peer, id);
  ChunkRanges apart;
  apart.add(partial.index);
  expect_rest(*peer, id, card.manifest, apart);
  expect_only_the_rest(*peer, id, card, partial);
}

void resumed(Trial& trial) {
  const KnownCard& card = trial.card();
  const PartialChunk partial = half_of_the_largest(card);
  RequestMessage request = trial.wanted_again();
  request.options.held = every_second(card);
  request.partial = ChunkPrefixes({partial});
  ChunkRanges apart = request.options.held;
  skip_unless(!apart.contains(partial.index) || card.chunks() > 1, "the card has one chunk only");
  if (apart.contains(partial.index)) {  // held are the others then
    request.options.held = {};
    for (std::uint32_t chunk = 1; chunk < card.chunks(); chunk += 2) request.options.held.add(chunk);
    apart = request.options.held;
  }
  apart.add(partial.index);
  auto peer = trial.greeted();
  skip_unless_held_is_obeyed(*peer);
  const TransferId id = peer->request(request);
  expect_manifest(*peer, id);
  expect_rest(*peer, id, card.manifest, apart);
  expect_only_the_rest(*peer, id, card, partial);
  expect_none_of(peer->reception(id), request.options.held, "was held");
}

void resent(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  const KnownCard& card = trial.card();
  expect_rest(*peer, id, card.manifest);
  peer->settle();
  ChunkRanges one;
  one.add(static_cast<std::uint32_t>(card.chunks() - 1));
  const std::uint64_t before = peer->reception(id).payload_bytes();
  const std::uint64_t size = card.size_of(one.ranges().front().first);
  peer->send(ResendMessage{id, one, {}});
  peer->wait_until([&] { return peer->reception(id).payload_bytes() >= before + size; });
  const std::uint64_t again = peer->reception(id).payload_bytes() - before;
  expect(again == size, "RESEND of a chunk of " + std::to_string(size) + " bytes brought " +
                            std::to_string(again) + ", expected the whole chunk");
  expect_digest(peer->reception(id), card.manifest, one.ranges().front().first);
  confirm(*peer, id, card);
  expect_alive(*peer);
}

// Indices that no table of this card has.
void beyond_the_table(Trial& trial) {
  ChunkRanges far;
  far.add(1'000'000);
  RequestMessage request = trial.wanted_again();
  request.options.held = far;
  auto peer = trial.greeted();
  const TransferId id = begin_manifest_first(trial, *peer, request);
  peer->send(
      {have(id, far), Peer::frame(PreferMessage{id, far, {}}), Peer::frame(ResendMessage{id, far, {}})});
  expect_rest(*peer, id, trial.card().manifest);
  expect_alive(*peer);
}

// Held, above the level, or sent: then CONFIRM is in order.
void nothing_is_left(Trial& trial) {
  RequestMessage request = trial.wanted_again();
  request.options.held = every_second(trial.card());
  auto peer = trial.greeted();
  skip_unless_held_is_obeyed(*peer);
  const TransferId id = begin_manifest_first(trial, *peer, request);
  peer->send({Peer::frame(LevelMessage{id, 0, {}}), have(id)});
  expect_rest(*peer, id, trial.card().manifest, request.options.held);
  confirm(*peer, id, trial.card());
  expect_alive(*peer);
}

// Chunks that were sent long ago: nothing is left to leave out, or to hurry.
void wishes_too_late(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  expect_rest(*peer, id, trial.card().manifest);
  peer->settle();
  const std::size_t before = peer->data_frames();
  peer->send({have(id, trial.card().all()), Peer::frame(PreferMessage{id, trial.card().all(), {}})});
  expect_alive(*peer);
  peer->settle();
  expect(peer->data_frames() == before, "DATA came again after HAVE and PREFER of chunks that were sent");
}

}  // namespace

std::vector<Check> chunks_checks() {
  return {
      {"TRF-7", "held chunks are not sent, the others are", On::kBoth, held_is_not_sent},
      {"TRF-7", "nothing is sent when all is held", On::kBoth, all_is_held},
      {"TRF-7", "chunks that HAVE names are not sent, the others are", On::kBoth, have_is_not_sent},
      {"TRF-7", "of a partial chunk only the rest is sent", On::kBoth, rest_of_partial},
      {"TRF-7", "indices beyond the table are ignored", On::kBoth, beyond_the_table},
      {"TRF-8", "RESEND brings a chunk again, whole", On::kBoth, resent},
      {"TRF-15", "every chunk is held, sent or skipped, and then CONFIRM is taken", On::kBoth,
       nothing_is_left},
      {"TRF-20", "a transfer that broke off is resumed: held chunks and beginnings are not sent", On::kBoth,
       resumed},
      {"IGN-1", "HAVE and PREFER of chunks that were sent change nothing", On::kBoth, wishes_too_late},
  };
}

}  // namespace kvferry::conform
