// SPDX-License-Identifier: MIT
//
// Sections 8 and 11: the card itself, transfer numbers, and the limit of open
// transfers.
#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/malformed.h"

namespace kvferry::conform {
namespace {

constexpr std::uint64_t kMostTransfers = 256;  // that are opened to reach the peer's limit

void manifest_is_valid(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
  static_cast<void>(manifest_of(peer->reception(id)));
}

void chunks_have_their_digests(Trial& trial) {
  auto peer = trial.greeted();
  static_cast<void>(fetch_honestly(*peer, trial.wanted()));
  expect_alive(*peer);
}

// Two connections of one card.
void same_digest_again(Trial& trial) {
  const KnownCard again = fetch_honestly(*trial.greeted(), trial.wanted_again());
  expect(again.digest == trial.card().digest, "another card came, of digest " + again.digest.hex());
}

Check first_number(std::string what, TransferId number) {
  return {"TRF-1", std::move(what), On::kBoth, [number](Trial& trial) {
            auto peer = trial.greeted();
            RequestMessage request = trial.wanted();
            request.transfer = number;
            peer->send(request);
            expect_end(*peer, ErrorCode::kUnexpected);
          }};
}

void number_twice(Trial& trial) {
  auto peer = trial.greeted();
  RequestMessage request = trial.wanted();
  request.transfer = begin_manifest_first(trial, *peer, request);
  peer->send(request);
  expect_end(*peer, ErrorCode::kUnexpected);
}

Check never_used(std::string what, OutFrame frame) {
  return {"TRF-1", std::move(what), On::kBoth, [frame = std::move(frame)](Trial& trial) {
            auto peer = trial.greeted();
            peer->send({frame});
            expect_end(*peer, ErrorCode::kUnexpected);
          }};
}

void expect_late_frames_ignored(Peer& peer, TransferId id) {
  peer.send({have(id), credit(id, std::uint64_t{1} << 41), reject(id), Peer::frame(LevelMessage{id, 0, {}}),
             Peer::frame(StopMessage{id, 0, {}})});
  expect_alive(peer);
}

void late_after_confirm(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  const Manifest manifest = manifest_of(peer->reception(id));
  expect_rest(*peer, id, manifest);
  confirm(*peer, id, card_of(peer->reception(id)));
  expect_late_frames_ignored(*peer, id);
}

void late_after_refuse(Trial& trial) {
  auto peer = trial.greeted();
  RequestMessage request = trial.wanted();
  request.options.card = Digest{};  // nobody's
  const TransferId id = peer->request(request);
  expect_refused(*peer, id, TransferError::kNotHere);
  expect_late_frames_ignored(*peer, id);
}

std::uint64_t transfer_limit(const Peer& peer) {
  const std::uint64_t limit = peer.hello()->hello.limits.max_transfers;
  skip_unless(limit <= kMostTransfers, "the peer allows " + std::to_string(limit) + " open transfers");
  return limit;
}

// SPEC names this code.
void expect_busy(Peer& peer, TransferId id) {
  expect_refused(peer, id, TransferError::kBusy);
  expect(peer.reception(id).refused->code == TransferError::kBusy,
         "REFUSE came with code 0, expected 7 (busy)");
}

void too_many(Trial& trial) {
  auto peer = trial.greeted();
  const std::uint64_t limit = transfer_limit(*peer);
  for (std::uint64_t i = 0; i < limit; ++i) begin_manifest_first(trial, *peer, trial.wanted());
  RequestMessage request = trial.wanted();
  request.options.manifest_first = true;
  const TransferId id = peer->request(request);
  expect_busy(*peer, id);
  expect_alive(*peer);
}

void room_again(Trial& trial) {
  auto peer = trial.greeted();
  const std::uint64_t limit = transfer_limit(*peer);
  for (std::uint64_t i = 0; i < limit; ++i) begin_manifest_first(trial, *peer, trial.wanted());
  peer->send({reject(0)});
  begin_manifest_first(trial, *peer, trial.wanted());
}

void offer_too_many(Trial& trial) {
  auto peer = trial.greeted();
  const std::uint64_t limit = transfer_limit(*peer);
  for (std::uint64_t i = 0; i < limit; ++i) begin_manifest_first(trial, *peer, trial.wanted());
  const TransferId id = peer->next_transfer();
  peer->send(OfferMessage{id, {Digest{}, "another", 1, 1, {}, false}, {}});
  expect_busy(*peer, id);
}

}  // namespace

std::vector<Check> transfers_checks() {
  return {
      {"MAN-2", "the manifest that comes is valid, root and pages", On::kBoth, manifest_is_valid},
      {"TRF-8", "every chunk of the card comes whole and has its digest", On::kBoth,
       chunks_have_their_digests},
      {"TRF-8", "the card asked for by its digest comes", On::kBoth, same_digest_again},
      first_number("a REQUEST that begins with number 2 ends the connection", 2),
      first_number("a REQUEST with a number of the server ends the connection", 1),
      {"TRF-1", "a REQUEST with the number of an open transfer ends the connection", On::kBoth, number_twice},
      never_used("HAVE for a number that was never used ends the connection", have(40)),
      never_used("CREDIT for a number that was never used ends the connection", credit(0, 1)),
      never_used("ACCEPT for a number that the server never used ends the connection",
                 Peer::frame(AcceptMessage{1, {}, {}, false, {}, {}})),
      {"TRF-1", "frames for a transfer that was confirmed are ignored", On::kBoth, late_after_confirm},
      {"TRF-1", "frames for a transfer that was refused are ignored", On::kBoth, late_after_refuse},
      {"TRF-2", "one REQUEST more than the limit is refused", On::kBoth, too_many},
      {"TRF-2", "one OFFER more than the limit is refused", On::kBoth, offer_too_many},
      {"TRF-2", "a transfer that ends makes room for another", On::kBoth, room_again},
  };
}

}  // namespace kvferry::conform
