// SPDX-License-Identifier: MIT
//
// Section 11: the frames that a source's states do not list.
#include <algorithm>

#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"

namespace kvferry::conform {
namespace {

using MakeFrame = std::function<OutFrame(TransferId)>;

// While the source waits for HAVE, so in state "sending".
Check while_sending(const char* name, MakeFrame make) {
  return {"TRF-3", std::string(name) + " to a source that sends ends the connection", On::kBoth,
          [make = std::move(make)](Trial& trial) {
            auto peer = trial.greeted();
            const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
            peer->send({make(id)});
            expect_end(*peer, ErrorCode::kUnexpected);
          }};
}

// After STOP and END, so in state "ended".
Check after_end(const char* name, MakeFrame make) {
  return {"TRF-3", std::string(name) + " after END ends the connection", On::kBoth,
          [make = std::move(make)](Trial& trial) {
            auto peer = trial.greeted();
            const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
            peer->send(StopMessage{id, 0, {}});
            peer->wait_until([&] { return peer->reception(id).end.has_value(); });
            expect(peer->reception(id).end.has_value(), "STOP was not answered by END");
            peer->send({make(id)});
            expect_end(*peer, ErrorCode::kUnexpected);
          }};
}

OutFrame data(TransferId id) {
  Bytes body;
  put_data_place(body, {id, 0, 0});
  body.push_back(0x55);
  return out_frame(static_cast<std::uint64_t>(FrameType::kData), body);
}

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

std::vector<Check> states_checks() {
  return {
      while_sending("ACCEPT",
                    [](TransferId id) {
                      return Peer::frame(AcceptMessage{id, {}, {}, false, {}});
                    }),
      while_sending("MANIFEST",
                    [](TransferId id) {
                      return Peer::frame(ManifestMessage{id, {0x80}, {}, {}});
                    }),
      while_sending("PAGE",
                    [](TransferId id) {
                      return Peer::frame(PageMessage{id, 0, {0x00}, {}});
                    }),
      while_sending("DATA", data),
      while_sending("SKIP",
                    [](TransferId id) {
                      return Peer::frame(SkipMessage{id, {}, {}, {}});
                    }),
      while_sending("END",
                    [](TransferId id) {
                      return Peer::frame(EndMessage{id, 0, {}});
                    }),
      while_sending("REFUSE",
                    [](TransferId id) {
                      return Peer::frame(RefuseMessage{id, "no", {}, {}});
                    }),
      after_end("HAVE", [](TransferId id) { return have(id); }),
      after_end("CREDIT", [](TransferId id) { return credit(id, std::uint64_t{1} << 41); }),
      after_end("a second STOP",
                [](TransferId id) {
                  return Peer::frame(StopMessage{id, 0, {}});
                }),
      {"TRF-3", "OFFER is accepted or refused", On::kBoth, answers_offer},
      {"TRF-21", "an eager OFFER, and what follows, does no harm within limit 6", On::kBoth,
       eager_within_the_limit},
      {"TRF-21", "an eager OFFER beyond limit 6 is refused, or ends the connection", On::kBoth,
       eager_beyond_the_limit},
      {"TRF-3", "CANCEL of an OFFER that was just made does no harm", On::kBoth, withdrawn_offer},
  };
}

}  // namespace kvferry::conform
