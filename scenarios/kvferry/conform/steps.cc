// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/conform/steps.h"

#include "transport/clock.h"

namespace kvferry::conform {
namespace {

constexpr std::size_t kMostNamed = 8;

std::string ending_text(const Peer& peer) {
  return peer.ending() ? "the connection ended with " + peer.ending()->how : "nothing came";
}

// Neither whole nor skipped.
std::vector<std::uint64_t> open_chunks(const Reception& reception, const Manifest& manifest,
                                       const ChunkRanges& here) {
  std::vector<std::uint64_t> open;
  for (std::uint32_t chunk = 0; chunk < manifest.chunks.size(); ++chunk) {
    const bool whole = reception.bytes_of(chunk) >= manifest.chunks[chunk].size_bytes;
    if (!whole && !here.contains(chunk) && !reception.skipped.contains(chunk)) open.push_back(chunk);
  }
  return open;
}

}  // namespace

std::string list_of(const std::vector<std::uint64_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size() && i < kMostNamed; ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(numbers[i]);
  return numbers.size() > kMostNamed ? text + ", …" : text;
}

void expect_alive(Peer& peer) {
  const std::uint64_t nonce = 0x636F6E666F726D00 + peer.arrivals().size();
  const std::size_t before = peer.arrivals().size();
  peer.send(PingMessage{nonce, {}});
  std::size_t at = before;
  const bool answered = peer.wait_until([&] {
    for (; at < peer.arrivals().size(); ++at) {
      const Arrival& arrival = peer.arrivals()[at];
      if (arrival.type != static_cast<std::uint64_t>(FrameType::kPong)) continue;
      const auto pong = decode_map<PongMessage>(arrival.body, "PONG");
      expect(bool(pong), "the peer sent a malformed PONG");
      if (pong->nonce == nonce) return true;
    }
    return false;
  });
  expect(answered, ending_text(peer) + ", expected the connection to go on and PING to be answered");
}

void expect_end(Peer& peer, ErrorCode code) {
  const std::string expected = ", expected ERROR or CLOSE with code " +
                               std::to_string(static_cast<std::uint64_t>(code)) + " (" +
                               std::string(to_string(code)) + ")";
  peer.wait_until([] { return false; });
  expect(peer.ending().has_value(), "the connection went on" + expected);
  expect(peer.ending()->code == static_cast<std::uint64_t>(code),
         "the connection ended with " + peer.ending()->how + expected);
}

void expect_manifest(Peer& peer, TransferId id) {
  const Reception& reception = peer.reception(id);
  peer.wait_until([&] { return reception.manifest_whole() || reception.refused || reception.cancelled; });
  expect(!reception.refused, "the request was refused: '" +
                                 (reception.refused ? reception.refused->reason : std::string()) + "'");
  expect(!reception.cancelled, "the transfer was cancelled: '" +
                                   (reception.cancelled ? reception.cancelled->reason : std::string()) + "'");
  expect(reception.manifest_whole(),
         (reception.manifest ? "the manifest did not become whole: " : "no MANIFEST: ") + ending_text(peer));
}

void expect_refused(Peer& peer, TransferId id, TransferError code) {
  const Reception& reception = peer.reception(id);
  peer.wait_until([&] { return reception.refused || reception.manifest || !reception.data.empty(); });
  expect(!reception.manifest && reception.data.empty(), "the transfer began, expected REFUSE");
  expect(reception.refused.has_value(), ending_text(peer) + ", expected REFUSE");
  const TransferError got = reception.refused->code;
  expect(got == code || got == TransferError::kOther,
         "REFUSE came with code " + std::to_string(static_cast<std::uint64_t>(got)) + " ('" +
             reception.refused->reason + "'), expected " + std::to_string(static_cast<std::uint64_t>(code)));
}

void expect_rest(Peer& peer, TransferId id, const Manifest& manifest, const ChunkRanges& here) {
  const Reception& reception = peer.reception(id);
  peer.wait_until([&] { return reception.cancelled || open_chunks(reception, manifest, here).empty(); });
  expect(!reception.cancelled, "the transfer was cancelled: '" +
                                   (reception.cancelled ? reception.cancelled->reason : std::string()) + "'");
  const auto open = open_chunks(reception, manifest, here);
  expect(open.empty(), "chunks " + list_of(open) + " neither came whole nor were skipped" +
                           (peer.ending() ? ": " + ending_text(peer) : ""));
}

TransferId begin_manifest_first(Trial& trial, Peer& peer, RequestMessage request) {
  request.options.manifest_first = true;
  if (request.options.document.empty()) request.options.document = trial.settings().document;
  const TransferId id = peer.request(std::move(request));
  expect_manifest(peer, id);
  return id;
}

HelloMessage hello_with_credit_for_one(const KnownCard& card) {
  HelloMessage hello = usual_hello();
  hello.hello.limits.max_chunk_bytes = card.largest_bytes();
  hello.hello.limits.initial_credit_bytes = card.largest_bytes();
  return hello;
}

void expect_skipped(const Reception& reception, const ChunkRanges& chunks, SkipReason reason) {
  chunks.for_each([&](std::uint32_t chunk) {
    const auto found = reception.skipped.find(chunk);
    const std::string name = "chunk " + std::to_string(chunk);
    expect(found != reception.skipped.end(), name + " was sent, expected SKIP");
    expect(found->second == reason, name + " was skipped for reason " +
                                        std::to_string(static_cast<int>(found->second)) + ", expected " +
                                        std::to_string(static_cast<int>(reason)));
  });
}

void confirm(Peer& peer, TransferId id, const KnownCard& card) {
  peer.send(ConfirmMessage{id, card.chunks(), card.digest, {}});
}

KnownCard fetch_honestly(Peer& peer, const RequestMessage& request) {
  const TransferId id = peer.request(request);
  expect_manifest(peer, id);
  expect_rest(peer, id, manifest_of(peer.reception(id)));
  KnownCard card = card_of(peer.reception(id));
  confirm(peer, id, card);
  return card;
}

void expect_threefold_at_most(Peer& peer, Duration time) {
  const DatagramLink::Traffic& traffic = packets(peer).traffic();
  const Time end = steady_now() + time;
  while (steady_now() < end && !peer.ending()) {
    peer.wait_for(milliseconds(20));
    expect(traffic.heard_bytes <= 3 * traffic.sent_bytes,
           std::to_string(traffic.heard_bytes) +
               " bytes came to an address that is not validated and has sent " +
               std::to_string(traffic.sent_bytes) + ", expected three times as many at most");
  }
}

OutFrame have(TransferId id, const ChunkRanges& chunks) { return Peer::frame(HaveMessage{id, chunks, {}}); }
OutFrame credit(TransferId id, std::uint64_t bytes) { return Peer::frame(CreditMessage{id, bytes, {}}); }
OutFrame reject(TransferId id, std::uint64_t code) {
  return Peer::frame(RejectMessage{id, "enough", static_cast<TransferError>(code), {}});
}

}  // namespace kvferry::conform
