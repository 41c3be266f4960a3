// SPDX-License-Identifier: MIT
//
// The source of a transfer: from REQUEST or OFFER to the receiver's verdict.
#include <algorithm>

#include "protocol/base/printable.h"
#include "protocol/connection/session.h"

namespace kvferry {

TransferId Session::offer(Time now, const std::string& document, std::shared_ptr<ChunkSource> source,
                          bool eager) {
  TransferId id = next_own_id_;
  next_own_id_ += 2;
  if (!can_begin()) {
    events_.push_back(event::Refused{id, "the connection is closed"});
    return id;
  }
  const Manifest& manifest = source->manifest();
  OfferMessage message;
  message.transfer = id;
  message.offer = {encode_manifest(manifest).digest(),
                   printable(document),
                   manifest.payload_bytes(),
                   manifest.raw_bytes,
                   manifest.base,
                   eager && state_ == SessionState::kOpen};
  Transfer& transfer = open_transfer(now, id, TransferState::kOffering);
  transfer.source = std::move(source);
  transfer.offered = true;
  transfer.eager = message.offer.eager && peer_.limits.eager_bytes > 0;
  message.offer.eager = transfer.eager;
  send(message);
  if (!transfer.eager) return id;
  if (auto objection = begin_sending(now, id, transfer, {})) fail_transfer(id, *objection);
  return id;
}

void Session::on(Time now, RequestMessage& message) {
  RequestOptions& options = message.options;
  if ((!options.held.empty() || !message.partial.empty()) && !options.card)
    return fault(now, ErrorCode::kMalformed, "REQUEST: held or partial chunks without a card digest");
  if (options.min_quality && (*options.min_quality < 0 || *options.min_quality > 1))
    return fault(now, ErrorCode::kMalformed, "REQUEST: min_quality outside 0 to 1");
  if (!admit_peer_transfer(now, message.transfer)) return;
  Transfer& transfer = open_transfer(now, message.transfer, TransferState::kWanted);
  transfer.card = options.card;
  transfer.held = options.held;
  transfer.partial = message.partial;
  transfer.manifest_first = options.manifest_first;
  transfer.droppable_from = options.droppable_from;
  transfer.byte_budget = options.byte_budget;
  transfer.min_quality = options.min_quality;
  transfer.urgency = options.urgency;
  transfer.bases = options.bases;
  transfer.after = options.after;
  if (message.deadline_us) {
    options.deadline = std::chrono::microseconds(static_cast<std::int64_t>(*message.deadline_us));
    transfer.deadline = now + *options.deadline;
  }
  events_.push_back(event::Requested{message.transfer, std::move(options)});
}

void Session::on(Time now, AcceptMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerAccept, "ACCEPT");
  if (!transfer) return;
  transfer->held = message.held;
  transfer->partial = message.partial;
  transfer->manifest_first = message.manifest_first;
  transfer->droppable_from = message.droppable_from;
  if (transfer->eager) return continue_sending(now, message.transfer, *transfer);
  if (auto objection = begin_sending(now, message.transfer, *transfer, {}))
    fail_transfer(message.transfer, *objection);
}

// An eager offer was accepted: what the receiver has need not be sent, and nothing holds the rest back, nor
// what waited to be said.
void Session::continue_sending(Time now, TransferId id, Transfer& transfer) {
  eager_bytes_ -= transfer.eager_bytes;
  transfer.eager = false;
  if (transfer.own_level < kEveryLevel) send(LevelMessage{id, transfer.own_level, {}}, id);
  announce_skips(id, transfer);
  transfer.sender->resume_from(transfer.partial, transfer.manifest_first);
  transfer.sender->allow_drops(droppable_from(transfer));
  transfer.sender->know(transfer.held);
  note_exhausted(now, id, transfer);
}

void Session::provide(Time now, TransferId id, std::shared_ptr<ChunkSource> source,
                      const ChunkRanges& known) {
  Transfer* transfer = find(id);
  if (!transfer || transfer->state != TransferState::kWanted) return;
  transfer->source = std::move(source);
  advance(now, *transfer, TransferInput::kProvide);
  auto objection = begin_sending(now, id, *transfer, known);
  if (!objection) return;
  std::string reason = printable(objection->reason);
  send(RefuseMessage{id, reason, objection->code, {}});
  events_.push_back(event::Rejected{id, reason, false, objection->code});
  drop(id, reason);
}

std::optional<TransferFault> Session::source_objects(const Transfer& transfer,
                                                     const EncodedManifest& encoded) const {
  const Manifest& manifest = transfer.source->manifest();
  auto too_large = [](const char* what) { return TransferFault{TransferError::kLimits, what}; };
  if (encoded.root.size() > peer_.limits.max_root_bytes)
    return too_large("the manifest is too large for the receiver's limits");
  if (manifest.chunks.size() > peer_.limits.max_chunks)
    return too_large("too many chunks for the receiver's limits");
  if (manifest.payload_bytes() > peer_.limits.max_card_bytes)
    return too_large("the card is too large for the receiver's limits");
  for (const ChunkInfo& chunk : manifest.chunks) {
    if (chunk.size_bytes > peer_.limits.max_chunk_bytes)
      return too_large("a chunk is too large for the receiver's limits");
  }
  bool bridges = (peer_.features & kFeatureCalibration) != 0;  // the receiver would do it
  if (peer_.model && !bridges) {
    if (auto difference = mismatch(*peer_.model, manifest.model))
      return TransferFault{TransferError::kModel, *difference};
  }
  auto codec = static_cast<std::uint32_t>(manifest.codec);
  if (!peer_.codecs.empty() &&
      std::find(peer_.codecs.begin(), peer_.codecs.end(), codec) == peer_.codecs.end()) {
    return TransferFault{TransferError::kCodec,
                         "the receiver does not decode codec " + std::to_string(codec)};
  }
  if (!transfer.offered && manifest.base && !transfer.bases.contains(*manifest.base))
    return TransferFault{TransferError::kBase, "a delta of a card that the receiver does not have"};
  if (transfer.card && *transfer.card != encoded.digest())
    return TransferFault{TransferError::kNotHere, "the card asked for is not here"};
  if (transfer.after && *transfer.after == encoded.digest())
    return TransferFault{TransferError::kNotHere, "no other card than the one that the receiver has"};
  if (transfer.min_quality && (!manifest.divergence || manifest.divergence->top1 < *transfer.min_quality))
    return TransferFault{TransferError::kQuality,
                         "the card's measured quality is below the minimum, or unknown"};
  for (const ChunkPrefix& prefix : transfer.partial.prefixes()) {
    if (prefix.chunk >= manifest.chunks.size() ||
        prefix.size_bytes >= manifest.chunks[prefix.chunk].size_bytes)
      return TransferFault{TransferError::kOther, "a partial chunk that the card does not have"};
  }
  return std::nullopt;
}

// Only by a peer that takes datagrams.
std::optional<std::uint8_t> Session::droppable_from(const Transfer& transfer) const {
  const bool taken = config_.binding == Binding::kStreams && (peer_.features & kFeatureDatagrams) != 0;
  return taken ? transfer.droppable_from : std::nullopt;
}

std::optional<TransferFault> Session::begin_sending(Time now, TransferId id, Transfer& transfer,
                                                    const ChunkRanges& known) {
  const Manifest& manifest = transfer.source->manifest();
  if (auto checked = manifest.validate(); !checked)
    return TransferFault{TransferError::kOther, checked.error().message};
  EncodedManifest encoded = encode_manifest(manifest);
  if (auto objection = source_objects(transfer, encoded)) return objection;
  ChunkSender::Options options;
  options.transfer = id;
  options.until_acknowledged = config_.binding == Binding::kDatagram;
  options.credit_bytes = peer_.limits.initial_credit_bytes;
  options.budget_bytes = transfer.byte_budget;
  options.partial = transfer.partial;
  options.wait_for_have = transfer.manifest_first;
  options.droppable_from = droppable_from(transfer);
  transfer.sender.emplace(std::move(options), transfer.source, transfer.held);
  if (transfer.deadline && config_.repair == Repair::kByBenefit) transfer.stakes.emplace(manifest.chunks);
  if (!known.empty()) transfer.sender->know(known);
  transfer.sender->limit_level(transfer.wanted_level);
  transfer.digest = encoded.digest();
  transfer.active_at = now;
  send_manifest(id, std::move(encoded), known);
  note_exhausted(now, id, transfer);
  expire_late(now);
  return std::nullopt;
}

void Session::send_manifest(TransferId id, EncodedManifest encoded, const ChunkRanges& known) {
  send(ManifestMessage{id, std::move(encoded.root), known.lowest(kMaxHeldBytes), {}}, id);
  for (std::size_t i = 0; i < encoded.pages.size(); ++i)
    send(PageMessage{id, i, std::move(encoded.pages[i]), {}}, id);
}

void Session::skip(Time, TransferId id, const ChunkRanges& chunks) {
  Transfer* transfer = find(id);
  if (!transfer || !transfer->sender) return;
  transfer->sender->skip(chunks, SkipReason::kChoice);
  announce_skips(id, *transfer);
}

void Session::note_exhausted(Time now, TransferId id, Transfer& transfer) {
  if (transfer.sender->exhausted() && advance(now, transfer, TransferInput::kAllSent))
    events_.push_back(event::Sent{id});
}

// Not before an eager offer was accepted (TRF-3).
void Session::announce_skips(TransferId id, Transfer& transfer) {
  if (transfer.eager) return;
  while (auto skips = transfer.sender->take_skipped()) {
    while (!skips->chunks.empty()) {
      SkipMessage message{id, skips->chunks.lowest(kMaxHeldBytes), skips->reason, {}};
      skips->chunks.remove(message.chunks);
      send(message, id);
    }
  }
}

// The last moment at which something can leave and still arrive in time: the deadline was counted from when
// REQUEST left, half a round trip before it came, and data takes another half.
std::optional<Time> Session::leave_by(const Transfer& transfer) const {
  if (!transfer.deadline || !transfer.sender || transfer.sender->expired()) return std::nullopt;
  return *transfer.deadline - min_rtt_;
}

void Session::expire_late(Time now) {
  std::optional<Time> next;
  for (auto& [id, transfer] : transfers_) {
    auto last = leave_by(transfer);
    if (!last) continue;
    if (*last <= now) {
      transfer.sender->expire();
      announce_skips(id, transfer);
      note_exhausted(now, id, transfer);
    } else if (!next || *last < *next) {
      next = last;
    }
  }
  timers_.stop(SessionTimer::kDeadline);
  if (next) timers_.arm(SessionTimer::kDeadline, *next);
}

void Session::note_rtt(Time now, Duration min_rtt) {
  if (min_rtt == min_rtt_) return;
  min_rtt_ = min_rtt;
  expire_late(now);
}

void Session::on(Time now, HaveMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerHave, "HAVE");
  if (!transfer) return;
  transfer->sender->have(message.chunks);
  note_exhausted(now, message.transfer, *transfer);
}

void Session::on(Time now, CreditMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerCredit, "CREDIT");
  if (!transfer) return;
  if (message.credit_bytes < transfer->sender->credit_bytes())
    return fault(now, ErrorCode::kMalformed, "CREDIT that shrinks");
  transfer->sender->raise_credit(message.credit_bytes);
}

void Session::on(Time now, PreferMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerPrefer, "PREFER");
  if (transfer) transfer->sender->prefer(message.chunks);
}

void Session::on(Time now, ResendMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerResend, "RESEND");
  if (!transfer) return;
  transfer->sender->resend(message.chunks);
  announce_skips(message.transfer, *transfer);
  note_exhausted(now, message.transfer, *transfer);
}

void Session::on(Time now, StopMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerStop, "STOP");
  if (!transfer) return;
  transfer->sender->drop();
  send(EndMessage{message.transfer, transfer->sender->chunks_begun(), {}});
}

void Session::on(Time now, ConfirmMessage& message) {
  Transfer* transfer = for_frame(now, message.transfer, TransferInput::kPeerConfirm, "CONFIRM");
  if (!transfer) return;
  if (message.card != transfer->digest) return fault(now, ErrorCode::kUnexpected, "CONFIRM of another card");
  events_.push_back(event::Confirmed{message.transfer, message.chunks});
  drop(message.transfer, {});
}

bool Session::has_data() const {
  if (state_ != SessionState::kOpen) return false;
  return std::any_of(transfers_.begin(), transfers_.end(),
                     [&](const auto& entry) { return may_be_served(entry.second, kOnlyStream); });
}

bool Session::may_be_served(const Transfer& transfer, StreamSet takes) const {
  if (!transfer.sender || !transfer.sender->ready(takes)) return false;
  if (config_.binding == Binding::kDatagram && !transfer.manifest_acknowledged &&
      transfer.before_manifest_bytes >= kMaxBeforeManifestBytes)
    return false;
  if (transfer.eager && transfer.sender->has_skipped())
    return false;  // SKIP goes before other chunks (STR-2)
  return !transfer.eager || eager_bytes_ + kEagerFrameBytes < peer_.limits.eager_bytes;
}

// The most urgent transfer that can send; of equal ones the next in turn.
std::optional<TransferId> Session::next_served(StreamSet takes) const {
  std::optional<TransferId> best;
  std::uint8_t urgency = 255;
  auto begin = transfers_.upper_bound(last_served_);
  for (std::size_t i = 0; i < transfers_.size(); ++i, ++begin) {
    if (begin == transfers_.end()) begin = transfers_.begin();
    const Transfer& transfer = begin->second;
    if (transfer.urgency >= urgency || !may_be_served(transfer, takes)) continue;
    best = begin->first;
    urgency = transfer.urgency;
  }
  return best;
}

std::optional<DataPiece> Session::next_data(Time now, std::size_t max_bytes, StreamSet takes,
                                            std::size_t datagram_bytes) {
  while (state_ == SessionState::kOpen) {
    auto id = next_served(takes);
    if (!id) return std::nullopt;
    Transfer& transfer = *find(*id);
    if (transfer.eager)
      max_bytes =
          std::min<std::uint64_t>(max_bytes, peer_.limits.eager_bytes - eager_bytes_ - kEagerFrameBytes);
    auto piece = transfer.sender->next(max_bytes, takes, datagram_bytes);
    if (!piece) {
      fail_transfer(*id, {TransferError::kStorage, piece.error().message});
      continue;
    }
    announce_skips(*id, transfer);
    note_exhausted(now, *id, transfer);
    if (!*piece) continue;
    last_served_ = *id;
    if (!transfer.manifest_acknowledged) transfer.before_manifest_bytes += (*piece)->bytes.size();
    if (transfer.eager) {
      transfer.eager_bytes += (*piece)->bytes.size() + kEagerFrameBytes;
      eager_bytes_ += (*piece)->bytes.size() + kEagerFrameBytes;
    }
    if (config_.binding != Binding::kDatagram) transfer.active_at = now;
    return std::move(**piece);
  }
  return std::nullopt;
}

void Session::manifest_acknowledged(TransferId id) {
  if (Transfer* transfer = find(id)) transfer->manifest_acknowledged = true;
}

void Session::data_acknowledged(Time now, const DataPlace& place, std::uint64_t size_bytes) {
  Transfer* transfer = find(place.transfer);
  if (!transfer || !transfer->sender) return;
  transfer->active_at = now;
  acknowledged_bytes_ += transfer->sender->acknowledged(place, size_bytes);
}

void Session::data_lost(Time now, const DataPlace& place, std::uint64_t size_bytes) {
  Transfer* transfer = find(place.transfer);
  if (!transfer || !transfer->sender) return;
  transfer->sender->lost(place, size_bytes);
  announce_skips(place.transfer, *transfer);
  note_exhausted(now, place.transfer, *transfer);
}

}  // namespace kvferry
