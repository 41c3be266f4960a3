// SPDX-License-Identifier: MIT
//
// Section 11: what a server does with an OFFER, plain or eager.
#include <algorithm>

#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"

namespace kvferry::conform {
namespace {

// An offer is taken or refused, and the connection goes on.
void answers_offer(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = peer->next_transfer();
  const std::size_t before = peer->arrivals().size();
  peer->send(OfferMessage{id, {sha256(as_bytes("no card")), "no card", 1, 1, {}, false}, {}});
  peer->wait_until(
      [&] { return peer->reception(id).refused || peer->find(FrameType::kAccept, before).has_value(); });
  expect_alive(*peer);
  skip_unless(peer->reception(id).refused || peer->find(FrameType::kAccept, before),
              "the peer has not decided in time");
}

void withdrawn_offer(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = peer->next_transfer();
  peer->send({Peer::frame(OfferMessage{id, {sha256(as_bytes("no card")), "no card", 1, 1, {}, false}, {}}),
              Peer::frame(CancelMessage{id, "changed its mind", {}, {}})});
  expect_alive(*peer);
}

constexpr std::uint64_t kMostEagerBytes = 16 << 20;
constexpr std::size_t kEagerDataBytes = 1000;  // of one frame, which counts with 64 more

// OFFER of the known card, MANIFEST and every PAGE.
std::vector<OutFrame> eager_offer(TransferId id, const KnownCard& card) {
  EncodedManifest encoded = encode_manifest(card.manifest);
  const OfferInfo offer{card.digest, "eager", card.payload_bytes(), card.manifest.raw_bytes, {}, true};
  std::vector<OutFrame> frames{Peer::frame(OfferMessage{id, offer, {}}),
                               Peer::frame(ManifestMessage{id, std::move(encoded.root), {}, {}})};
  for (std::uint64_t i = 0; i < encoded.pages.size(); ++i)
    frames.push_back(Peer::frame(PageMessage{id, i, std::move(encoded.pages[i]), {}}));
  return frames;
}

OutFrame data_of(TransferId id, const KnownCard& card, std::uint32_t chunk, std::size_t offset) {
  const ByteView rest = ByteView(card.payloads[chunk]).subspan(offset);
  Bytes body;
  put_data_place(body, {id, chunk, offset});
  append(body, rest.first(std::min(rest.size(), kEagerDataBytes)));
  return out_frame(static_cast<std::uint64_t>(FrameType::kData), body);
}

std::uint64_t eager_limit(const Peer& peer) {
  const std::uint64_t limit = peer.hello()->hello.limits.eager_bytes;
  skip_unless(limit >= kEagerDataBytes + 64 && limit <= kMostEagerBytes,
              "limit 6 of the peer's HELLO is " + std::to_string(limit));
  return limit;
}

void eager_within_the_limit(Trial& trial) {
  const KnownCard& card = trial.card();
  auto peer = trial.greeted();
  static_cast<void>(eager_limit(*peer));
  const TransferId id = peer->next_transfer();
  auto frames = eager_offer(id, card);
  frames.push_back(data_of(id, card, 0, 0));
  frames.push_back(Peer::frame(CancelMessage{id, "changed its mind", {}, {}}));
  peer->send(frames);
  expect_alive(*peer);
}

// Refused at once, or too much.
void eager_beyond_the_limit(Trial& trial) {
  const KnownCard& card = trial.card();
  auto peer = trial.greeted();
  const std::uint64_t limit = eager_limit(*peer);
  skip_unless(card.payload_bytes() > limit, "the card fits limit 6 of the peer's HELLO");
  const TransferId id = peer->next_transfer();
  auto frames = eager_offer(id, card);
  for (std::uint32_t chunk = 0; chunk < card.chunks(); ++chunk) {
    for (std::size_t at = 0; at < card.size_of(chunk); at += kEagerDataBytes)
      frames.push_back(data_of(id, card, chunk, at));
  }
  const std::size_t before = peer->arrivals().size();
  peer->send(frames);
  peer->wait_until([&] { return peer->reception(id).refused || peer->find(FrameType::kAccept, before); });
  if (peer->ending()) return expect_end(*peer, ErrorCode::kLimit);
  expect_alive(*peer);
}

}  // namespace

std::vector<Check> offers_checks() {
  return {
      {"TRF-3", "OFFER is accepted or refused", On::kBoth, answers_offer},
      {"TRF-21", "an eager OFFER, and what follows, does no harm within limit 6", On::kBoth,
       eager_within_the_limit},
      {"TRF-21", "an eager OFFER beyond limit 6 is refused, or ends the connection", On::kBoth,
       eager_beyond_the_limit},
      {"TRF-3", "CANCEL of an OFFER that was just made does no harm", On::kBoth, withdrawn_offer},
  };
}

}  // namespace kvferry::conform
