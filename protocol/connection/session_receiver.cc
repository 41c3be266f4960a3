// SPDX-License-Identifier: MIT
//
// The receiver of a transfer: from REQUEST or ACCEPT to CONFIRM. Its chunks are
// in session_data.cc.
#include <algorithm>

#include "protocol/base/printable.h"
#include "protocol/connection/session.h"

namespace kvferry {
namespace {

void remember(Transfer& transfer, const ChunkRanges& held, const std::vector<PartialChunk>& partial) {
  transfer.held = held.lowest(kMaxHeldBytes);
  transfer.partial = ChunkPrefixes(partial);
  for (const PartialChunk& chunk : partial) {
    if (transfer.partial.size_of(chunk.index) > 0) transfer.prefixes[chunk.index] = chunk.prefix;
  }
}

}  // namespace

TransferId Session::request(Time now, const RequestOptions& options, ChunkSink& sink) {
  TransferId id = next_own_id_;
  next_own_id_ += 2;
  if (!can_begin()) {
    events_.push_back(event::Refused{id, "the connection is closed"});
    return id;
  }
  if (options.after && (peer_.features & kFeatureFollow) == 0) {
    events_.push_back(event::Refused{id, "the peer has not said that its documents can be followed"});
    return id;
  }
  Transfer& transfer = open_transfer(now, id, TransferState::kAsked);
  transfer.card = options.card;
  if (options.card) remember(transfer, options.held, options.partial);
  transfer.bases = options.bases;
  transfer.manifest_first = options.manifest_first;
  transfer.droppable_from = options.droppable_from;
  transfer.after = options.after;
  transfer.sink = &sink;
  RequestMessage message;
  message.transfer = id;
  message.options = options;
  message.options.deadline.reset();
  message.options.partial.clear();
  message.options.held = transfer.held;
  message.partial = transfer.partial;
  message.options.urgency = std::min(options.urgency, RequestOptions::kMaxUrgency);
  if (options.deadline) {
    message.deadline_us = static_cast<std::uint64_t>(
        std::clamp<std::int64_t>(to_us(*options.deadline), 0, static_cast<std::int64_t>(kMaxDeadlineUs)));
  }
  message.options.document = printable(options.document);
  message.options.preset = printable(options.preset);
  send(message);
  return id;
}

void Session::accept(Time now, TransferId id, ChunkSink& sink, const AcceptOptions& options) {
  Transfer* transfer = find(id);
  if (!transfer || !advance(now, *transfer, TransferInput::kAccept)) return;
  transfer->sink = &sink;
  transfer->any_base = true;
  remember(*transfer, options.held, options.partial);
  transfer->manifest_first = options.manifest_first;
  transfer->droppable_from = options.droppable_from;
  send(AcceptMessage{
      id, transfer->held, transfer->partial, options.manifest_first, options.droppable_from, {}});
  if (transfer->assembler) on_manifest_part(now, id);
}

void Session::stop(Time now, TransferId id) {
  Transfer* transfer = find(id);
  if (!transfer || !advance(now, *transfer, TransferInput::kStop)) return;
  send(StopMessage{id, transfer->arrivals.count(ChunkArrivals::State::kVerified), {}});
}

void Session::prefer(Time, TransferId id, const ChunkRanges& chunks) {
  Transfer* transfer = find(id);
  if (!transfer || transfer->state != TransferState::kReceiving) return;
  send(PreferMessage{id, chunks.lowest(kMaxHeldBytes), {}});
}

void Session::confirm(Time now, TransferId id) {
  Transfer* transfer = find(id);
  if (!transfer || !advance(now, *transfer, TransferInput::kConfirm)) return;
  send(ConfirmMessage{id, transfer->arrivals.here(), transfer->assembler->card_digest(), {}});
  drop(id, {});
}

void Session::reject(Time now, TransferId id, const TransferFault& fault) {
  Transfer* transfer = find(id);
  if (!transfer || !advance(now, *transfer, TransferInput::kReject)) return;
  send(RejectMessage{id, printable(fault.reason), fault.code, {}});
  drop(id, fault.reason);
}

void Session::on(Time now, OfferMessage& message) {
  if (!admit_peer_transfer(now, message.transfer)) return;
  Transfer& transfer = open_transfer(now, message.transfer, TransferState::kConsidering);
  transfer.card = message.offer.card;
  transfer.eager = message.offer.eager;
  events_.push_back(event::Offered{message.transfer, std::move(message.offer)});
}

void Session::on(Time now, ManifestMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerManifest, "MANIFEST");
  if (!transfer) return;
  if (transfer->assembler) return fault(now, ErrorCode::kUnexpected, "a second MANIFEST");
  if (transfer->state == TransferState::kConsidering && !transfer->eager)
    return fault(now, ErrorCode::kUnexpected, "MANIFEST before the offer was accepted");
  auto assembler = ManifestAssembler::from_root(message.root, config_.hello.limits);
  if (!assembler) return fail_transfer(message.transfer, {TransferError::kOther, assembler.error().message});
  if (transfer->card && *transfer->card != assembler->card_digest())
    return fail_transfer(message.transfer, {TransferError::kNotHere, "another card came than was asked for"});
  if (transfer->after && *transfer->after == assembler->card_digest())
    return fail_transfer(message.transfer, {TransferError::kNotHere, "the card came that is here already"});
  transfer->assembler.emplace(std::move(*assembler));
  transfer->known = std::move(message.known);
  transfer->active_at = now;
  on_manifest_part(now, message.transfer);
}

void Session::on(Time now, PageMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerPage, "PAGE");
  if (!transfer) return;
  if (!transfer->assembler) return fault(now, ErrorCode::kUnexpected, "PAGE before MANIFEST");
  auto added = transfer->assembler->add_page(message.index, message.page);
  if (!added) return fail_transfer(message.transfer, {TransferError::kDamaged, added.error().message});
  if (*added) transfer->active_at = now;
  on_manifest_part(now, message.transfer);
}

void Session::on_manifest_part(Time now, TransferId id) {
  Transfer* transfer = find(id);
  if (!transfer->assembler->complete() || !transfer->sink) return;  // an eager offer waits for its answer
  auto manifest = transfer->assembler->take();
  if (!manifest) return fail_transfer(id, {TransferError::kOther, manifest.error().message});
  transfer->manifest = std::move(*manifest);
  begin_receiving(now, id, *transfer);
}

std::optional<TransferFault> Session::receiver_objects(const Transfer& transfer) const {
  const Hello& mine = config_.hello;
  const Manifest& manifest = transfer.manifest;
  bool bridges = (mine.features & kFeatureCalibration) != 0;
  if (mine.model && !bridges) {
    if (auto difference = mismatch(*mine.model, manifest.model))
      return TransferFault{TransferError::kModel, *difference};
  }
  auto codec = static_cast<std::uint32_t>(manifest.codec);
  if (!mine.codecs.empty() && std::find(mine.codecs.begin(), mine.codecs.end(), codec) == mine.codecs.end()) {
    return TransferFault{TransferError::kCodec,
                         "codec " + std::to_string(codec) + " is not one that this side decodes"};
  }
  if (manifest.base && !transfer.any_base && !transfer.bases.contains(*manifest.base))
    return TransferFault{TransferError::kBase,
                         "a delta of card " + manifest.base->hex() + ", which is not here"};
  for (const ChunkPrefix& prefix : transfer.partial.prefixes()) {
    if (prefix.chunk >= manifest.chunks.size() ||
        prefix.size_bytes >= manifest.chunks[prefix.chunk].size_bytes)
      return TransferFault{TransferError::kOther, "a partial chunk that the card does not have"};
  }
  return std::nullopt;
}

void Session::begin_receiving(Time now, TransferId id, Transfer& transfer) {
  if (auto objection = receiver_objects(transfer)) return fail_transfer(id, *objection);
  if (auto begun = transfer.sink->begin(transfer.manifest); !begun)
    return fail_transfer(id, {TransferError::kStorage, begun.error().message});
  transfer.arrivals.reset(transfer.manifest.chunks.size());
  for (const ChunkInfo& chunk : transfer.manifest.chunks)
    transfer.largest_chunk_bytes = std::max(transfer.largest_chunk_bytes, chunk.size_bytes);
  transfer.granted_bytes = config_.hello.limits.initial_credit_bytes;
  advance(now, transfer, TransferInput::kManifestWhole);
  if (auto objection = account_for_held(now, id, transfer)) return fail_transfer(id, *objection);
  events_.push_back(event::ManifestArrived{id, transfer.assembler->card_digest()});
  finish_if_whole(now, id);
  replay_early(now, id);
}

// What is here already: as the request said, as the sink says, and as the source says and the sink can vouch
// for.
std::optional<TransferFault> Session::account_for_held(Time, TransferId id, Transfer& transfer) {
  auto inside = [&](const ChunkRanges& chunks) {
    return chunks.empty() || std::uint64_t{chunks.ranges().back().first} + chunks.ranges().back().count <=
                                 transfer.arrivals.size();
  };
  ChunkRanges more = transfer.sink->held(transfer.manifest);
  if (!inside(transfer.held) || !inside(more) || !inside(transfer.known))
    return TransferFault{TransferError::kOther, "held chunks that the card does not have"};
  ChunkRanges news;
  transfer.held.for_each(
      [&](std::uint32_t chunk) { transfer.arrivals.set(chunk, ChunkArrivals::State::kHeld); });
  more.for_each([&](std::uint32_t chunk) {
    if (transfer.arrivals.set(chunk, ChunkArrivals::State::kHeld) && !transfer.known.contains(chunk))
      news.add(chunk);
  });
  ChunkRanges in_vain;
  transfer.known.for_each([&](std::uint32_t chunk) {
    if (transfer.arrivals.of(chunk) != ChunkArrivals::State::kMissing) return;
    in_vain.add(chunk);
    transfer.prefixes.erase(chunk);  // it will come whole
  });
  // A source that may drop refinements waits for it, so that none comes before the manifest (SMS-9).
  const bool is_awaited = transfer.manifest_first || transfer.droppable_from;
  if (!news.empty() || is_awaited) send(HaveMessage{id, news.lowest(kMaxHeldBytes), {}});
  if (!in_vain.empty()) ask_again(id, in_vain);
  return std::nullopt;
}

// Whether the source had begun the chunk is not known here: it has charged it in any case. False: it was not
// missing.
bool Session::give_up_chunk(TransferId id, Transfer& transfer, std::uint32_t chunk, SkipReason reason) {
  if (auto found = transfer.being_checked.find(chunk); found != transfer.being_checked.end()) {
    if (!found->second.skipped) found->second.skipped = reason;
    return false;  // it is whole; what it is worth shows later
  }
  bool missing = transfer.arrivals.set(chunk, ChunkArrivals::State::kSkipped);
  std::uint64_t size_bytes = transfer.manifest.chunks[chunk].size_bytes;
  bool unseen = !transfer.arrivals.is_charged(chunk);
  if (unseen) {
    transfer.arrivals.set_charged(chunk);
    transfer.charged_bytes += size_bytes;
    transfer.untold_bytes += size_bytes;
  }
  if (missing || unseen) transfer.released_bytes += size_bytes;
  arriving_.drop(id, chunk);
  return missing;
}

void Session::on(Time now, SkipMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerSkip, "SKIP");
  if (!transfer) return;
  if (message.reason == SkipReason::kLost && !may_be_dropped(*transfer, message.chunks))
    return fault(now, ErrorCode::kUnexpected, "SKIP for a loss of what may not be dropped");
  ChunkRanges skipped;
  bool inside = true;
  message.chunks.for_each([&](std::uint32_t chunk) {
    inside = chunk < transfer->arrivals.size();
    if (inside && give_up_chunk(message.transfer, *transfer, chunk, message.reason)) skipped.add(chunk);
    return inside;
  });
  if (!inside) return fault(now, ErrorCode::kMalformed, "SKIP of a chunk that the card does not have");
  give_back(message.transfer, *transfer, 0);
  if (skipped.empty()) return;
  transfer->active_at = now;
  events_.push_back(event::Skipped{message.transfer, std::move(skipped), message.reason});
  finish_if_whole(now, message.transfer);
}

void Session::on(Time now, EndMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerEnd, "END");
  if (!transfer) return;
  end_if_checked(now, message.transfer, *transfer);
}

void Session::end_if_checked(Time now, TransferId id, Transfer& transfer) {
  if (!transfer.being_checked.empty()) return;
  const auto partial = arriving_.drop(id);  // no more comes for chunks in part
  bool whole = transfer.arrivals.here() == transfer.arrivals.size();
  if (!whole) transfer.sink->keep(partial);
  if (auto finished = transfer.sink->finish(whole); !finished)
    return fail_transfer(id, {TransferError::kStorage, finished.error().message});
  transfer.sink = nullptr;
  advance(now, transfer, TransferInput::kAllVerified);
  events_.push_back(event::Stopped{id, transfer.arrivals.count(ChunkArrivals::State::kVerified)});
}

void Session::finish_if_whole(Time now, TransferId id) {
  Transfer* transfer = find(id);
  if (!transfer) return;
  if (transfer->state == TransferState::kEnding) return end_if_checked(now, id, *transfer);
  if (transfer->arrivals.missing() > 0) return;
  if (transfer->state != TransferState::kReceiving) return;  // END will finish a stopped one
  note_progress(now, 0, true);
  std::uint64_t skipped = transfer->arrivals.count(ChunkArrivals::State::kSkipped);
  if (auto finished = transfer->sink->finish(skipped == 0); !finished)
    return fail_transfer(id, {TransferError::kStorage, finished.error().message});
  transfer->sink = nullptr;
  advance(now, *transfer, TransferInput::kAllVerified);
  events_.push_back(event::Complete{id, skipped});
}

ChunkRanges Session::chunks_verified(TransferId id) const {
  auto found = transfers_.find(id);
  if (found == transfers_.end()) return {};
  return found->second.arrivals.size() > 0 ? found->second.arrivals.chunks_here() : found->second.held;
}

}  // namespace kvferry
