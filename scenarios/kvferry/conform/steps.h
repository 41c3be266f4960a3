// SPDX-License-Identifier: MIT
//
// What checks do again and again.
#pragma once

#include "scenarios/kvferry/conform/trial.h"
#include "scenarios/kvferry/conform/verdict.h"

namespace kvferry::conform {

// A PING is answered.
void expect_alive(Peer& peer);
// The connection ends with this code, in words of the peer.
void expect_end(Peer& peer, ErrorCode code);

// The whole manifest comes; REFUSE and silence are failures.
void expect_manifest(Peer& peer, TransferId id);
// REFUSE comes, with this code or with 0 (other).
void expect_refused(Peer& peer, TransferId id, TransferError code);
// Every chunk outside `here` comes whole or is skipped.
void expect_rest(Peer& peer, TransferId id, const Manifest& manifest, const ChunkRanges& here = {});
// A request that waits for HAVE, its manifest here.
TransferId begin_manifest_first(Trial& trial, Peer& peer, RequestMessage request);
// A HELLO whose credit is the card's largest chunk.
[[nodiscard]] HelloMessage hello_with_credit_for_one(const KnownCard& card);
// These chunks were skipped, and for this reason.
void expect_skipped(const Reception& reception, const ChunkRanges& chunks, SkipReason reason);
// CONFIRM of the card.
void confirm(Peer& peer, TransferId id, const KnownCard& card);

// The whole card, verified, confirmed and left in order.
[[nodiscard]] KnownCard fetch_honestly(Peer& peer, const RequestMessage& request);

// Frames that name a transfer.
[[nodiscard]] OutFrame have(TransferId id, const ChunkRanges& chunks = {});
[[nodiscard]] OutFrame credit(TransferId id, std::uint64_t bytes);
[[nodiscard]] OutFrame reject(TransferId id, std::uint64_t code = 0);

// Watches an address that is not validated: three times what it has sent comes there, at most.
void expect_threefold_at_most(Peer& peer, Duration time);
inline constexpr std::uint64_t kEnoughPayload = 32 * 1024;  // of a card, to see a sender hold back

[[nodiscard]] std::string list_of(const std::vector<std::uint64_t>& numbers);  // "1, 2, 5"

}  // namespace kvferry::conform
