// SPDX-License-Identifier: MIT
//
// The application's commands, and what they share.
#include <algorithm>

#include "protocol/connection/session.h"

namespace kvferry {
namespace {

std::string printable_reason(std::string reason) {
  if (reason.size() > kMaxReasonBytes) reason.resize(kMaxReasonBytes);
  std::replace_if(
      reason.begin(), reason.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; },
      ' ');
  return reason;
}

}  // namespace

Session::Transfer* Session::find(TransferId id) {
  auto found = transfers_.find(id);
  return found == transfers_.end() ? nullptr : &found->second;
}

bool Session::advance(Time now, Transfer& transfer, TransferInput input) {
  auto next = next_state(transfer.state, input);
  if (!next) return false;
  transfer.state = *next;
  transfer.active_at = now;
  return true;
}

void Session::drop(TransferId id, const std::string& reason) {
  auto node = transfers_.extract(id);
  if (node.empty()) return;
  Transfer& transfer = node.mapped();
  if (transfer.sink) transfer.sink->abandon(reason);
  arriving_.drop(id);
  auto stale = std::remove_if(early_.begin(), early_.end(),
                              [&](const EarlyData& e) { return e.place.transfer == id; });
  for (auto at = stale; at != early_.end(); ++at) early_bytes_ -= at->memory_bytes();
  early_.erase(stale, early_.end());
  std::erase_if(control_, [&](const ControlFrame& frame) { return frame.manifest_of == id; });
}

bool Session::can_begin() const { return state_ == SessionState::kGreeting || state_ == SessionState::kOpen; }

TransferId Session::request(Time now, const RequestOptions& options, ChunkSink& sink) {
  TransferId id = next_own_id_;
  next_own_id_ += 2;
  if (!can_begin()) {
    events_.push_back(event::Refused{id, "the connection is closed"});
    return id;
  }
  Transfer& transfer = transfers_[id];
  transfer.state = TransferState::kAsked;
  transfer.active_at = now;
  transfer.card = options.card;
  if (options.card) transfer.held = options.held;
  transfer.sink = &sink;
  RequestMessage message{id, options, {}, {}};
  message.options.deadline.reset();
  message.options.held = transfer.held;
  if (options.deadline) {
    message.deadline_us = static_cast<std::uint64_t>(
        std::clamp<std::int64_t>(to_us(*options.deadline), 0, static_cast<std::int64_t>(kMaxDeadlineUs)));
  }
  message.options.document = printable_reason(options.document);
  message.options.preset = printable_reason(options.preset);
  send(message);
  return id;
}

TransferId Session::offer(Time now, const std::string& document, std::shared_ptr<ChunkSource> source) {
  TransferId id = next_own_id_;
  next_own_id_ += 2;
  if (!can_begin()) {
    events_.push_back(event::Refused{id, "the connection is closed"});
    return id;
  }
  const Manifest& manifest = source->manifest();
  OfferMessage message;
  message.transfer = id;
  message.offer = {encode_manifest(manifest).digest(), printable_reason(document), manifest.payload_bytes(),
                   manifest.raw_bytes};
  Transfer& transfer = transfers_[id];
  transfer.state = TransferState::kOffering;
  transfer.active_at = now;
  transfer.source = std::move(source);
  send(message);
  return id;
}

void Session::accept(Time now, TransferId id, ChunkSink& sink, const ChunkRanges& held) {
  Transfer* transfer = find(id);
  if (!transfer || !advance(now, *transfer, TransferInput::kAccept)) return;
  transfer->sink = &sink;
  transfer->held = held;
  send(AcceptMessage{id, held, {}});
}

std::optional<std::string> Session::objection(const Manifest& manifest) const {
  if (manifest.chunks.size() > peer_.limits.max_chunks) return "too many chunks for the receiver's limits";
  if (manifest.payload_bytes() > peer_.limits.max_card_bytes)
    return "the card is too large for the receiver's limits";
  for (const ChunkInfo& chunk : manifest.chunks) {
    if (chunk.size_bytes > peer_.limits.max_chunk_bytes)
      return "a chunk is too large for the receiver's limits";
  }
  bool bridges = (peer_.features & kFeatureCalibration) != 0;  // the receiver would do it
  if (peer_.model && !bridges) {
    if (auto difference = mismatch(*peer_.model, manifest.model)) return difference;
  }
  auto codec = static_cast<std::uint32_t>(manifest.codec);
  if (!peer_.codecs.empty() &&
      std::find(peer_.codecs.begin(), peer_.codecs.end(), codec) == peer_.codecs.end()) {
    return "the receiver does not decode codec " + std::to_string(codec);
  }
  return std::nullopt;
}

std::optional<std::string> Session::begin_sending(Time now, TransferId id, Transfer& transfer) {
  const Manifest& manifest = transfer.source->manifest();
  if (auto checked = manifest.validate(); !checked) return checked.error().message;
  if (auto why = objection(manifest)) return why;
  EncodedManifest encoded = encode_manifest(manifest);
  if (encoded.root.size() > peer_.limits.max_root_bytes)
    return "the manifest is too large for the receiver's limits";
  if (transfer.card && *transfer.card != encoded.digest()) return "the card asked for is not here";
  ChunkSender::Options options{id, config_.binding == Binding::kDatagram, peer_.limits.window_bytes,
                               sending_bytes_};
  transfer.sender.emplace(options, transfer.source, transfer.held);
  transfer.active_at = now;
  send(ManifestMessage{id, std::move(encoded.root), {}});
  control_.back().manifest_of = id;
  for (std::size_t i = 0; i < encoded.pages.size(); ++i) {
    send(PageMessage{id, i, std::move(encoded.pages[i]), {}});
    control_.back().manifest_of = id;
  }
  if (transfer.sender->exhausted()) advance(now, transfer, TransferInput::kAllSent);
  return std::nullopt;
}

void Session::provide(Time now, TransferId id, std::shared_ptr<ChunkSource> source) {
  Transfer* transfer = find(id);
  if (!transfer || transfer->state != TransferState::kWanted) return;
  transfer->source = std::move(source);
  advance(now, *transfer, TransferInput::kProvide);
  if (auto problem = begin_sending(now, id, *transfer)) {
    std::string reason = printable_reason(*problem);
    send(RefuseMessage{id, reason, {}});
    events_.push_back(event::Rejected{id, reason, false});
    drop(id, reason);
  }
}

void Session::refuse(Time now, TransferId id, const std::string& reason) {
  Transfer* transfer = find(id);
  if (!transfer || !advance(now, *transfer, TransferInput::kRefuse)) return;
  send(RefuseMessage{id, printable_reason(reason), {}});
  drop(id, reason);
}

void Session::stop(Time now, TransferId id) {
  Transfer* transfer = find(id);
  if (!transfer || !advance(now, *transfer, TransferInput::kStop)) return;
  send(StopMessage{id, transfer->verified.size(), {}});
}

void Session::confirm(Time now, TransferId id) {
  Transfer* transfer = find(id);
  if (!transfer || !advance(now, *transfer, TransferInput::kConfirm)) return;
  send(ConfirmMessage{id, transfer->verified.size() + transfer->held.size(), {}});
  drop(id, {});
}

void Session::reject(Time now, TransferId id, const std::string& reason) {
  Transfer* transfer = find(id);
  if (!transfer || !advance(now, *transfer, TransferInput::kReject)) return;
  send(RejectMessage{id, printable_reason(reason), {}});
  drop(id, reason);
}

void Session::cancel(Time now, TransferId id, const std::string& reason) {
  Transfer* transfer = find(id);
  if (!transfer || !advance(now, *transfer, TransferInput::kCancel)) return;
  send(CancelMessage{id, printable_reason(reason), {}});
  drop(id, reason);
}

void Session::fail_transfer(TransferId id, const std::string& reason) {
  Transfer* transfer = find(id);
  if (!transfer) return;
  std::string clean = printable_reason(reason);
  if (transfer->sender) {
    send(CancelMessage{id, clean, {}});
  } else {
    send(RejectMessage{id, clean, {}});
  }
  events_.push_back(event::Rejected{id, clean, false});
  drop(id, clean);
}

ChunkRanges Session::chunks_verified(TransferId id) const {
  auto found = transfers_.find(id);
  if (found == transfers_.end()) return {};
  ChunkRanges all = found->second.held;
  for (const ChunkRange& range : found->second.verified.ranges()) {
    for (std::uint32_t i = 0; i < range.count; ++i) all.add(range.first + i);
  }
  return all;
}

}  // namespace kvferry
