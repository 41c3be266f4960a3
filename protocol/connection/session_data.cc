// SPDX-License-Identifier: MIT
//
// Chunks in and out.
#include <algorithm>

#include "protocol/connection/session.h"

namespace kvferry {
namespace {

constexpr std::uint64_t kMaxEarlyBytes = 256 * 1024;      // data that came before its manifest
constexpr std::uint64_t kProgressEveryBytes = 64 * 1024;  // payload per PROGRESS, stream binding
constexpr int kMaxFailures = 2;                           // RESENDs per chunk

}  // namespace

DataVerdict Session::on_data(Time now, const DataPlace& place, ByteView bytes) {
  if (state_ == SessionState::kClosing || state_ == SessionState::kClosed) return DataVerdict::kIgnored;
  bool datagrams = config_.binding == Binding::kDatagram;
  Transfer* transfer = find(place.transfer);
  if (!transfer) {
    if (is_known(place.transfer)) return DataVerdict::kIgnored;
    if (datagrams && state_ == SessionState::kGreeting) return DataVerdict::kNotNow;
    fault(now, ErrorCode::kUnexpected, "DATA for a transfer that never was");
    return DataVerdict::kIgnored;
  }
  if (bytes.empty()) {
    fault(now, ErrorCode::kMalformed, "DATA without bytes");
    return DataVerdict::kIgnored;
  }
  if (transfer->state == TransferState::kAsked && datagrams) return keep_early(place, bytes);
  if (transfer->state == TransferState::kVerified) return DataVerdict::kIgnored;
  if (transfer->state != TransferState::kReceiving && transfer->state != TransferState::kStopping) {
    fault(now, ErrorCode::kUnexpected, "DATA in a state that does not allow it");
    return DataVerdict::kIgnored;
  }
  const auto& table = transfer->manifest.chunks;
  if (place.chunk >= table.size() || place.offset > table[place.chunk].size_bytes ||
      bytes.size() > table[place.chunk].size_bytes - place.offset) {
    fault(now, ErrorCode::kMalformed, "DATA outside its chunk");
    return DataVerdict::kIgnored;
  }
  auto chunk = static_cast<std::uint32_t>(place.chunk);
  transfer->active_at = now;
  if (transfer->verified.contains(chunk) || transfer->held.contains(chunk)) return DataVerdict::kRepeated;
  auto added = arriving_.add(place.transfer, chunk, table[chunk].size_bytes, place.offset, bytes);
  if (added.no_room) {
    if (!datagrams) fault(now, ErrorCode::kLimit, "more chunks begun than the window allows");
    return DataVerdict::kNotNow;
  }
  if (added.new_bytes == 0) return DataVerdict::kRepeated;
  note_progress(now, added.new_bytes, false);
  if (added.whole) on_whole_chunk(now, place.transfer, *transfer, chunk, std::move(*added.whole));
  return DataVerdict::kTaken;
}

DataVerdict Session::keep_early(const DataPlace& place, ByteView bytes) {
  EarlyData early{place, Bytes(bytes.begin(), bytes.end())};
  if (early.memory_bytes() > kMaxEarlyBytes - early_bytes_) return DataVerdict::kNotNow;
  early_bytes_ += early.memory_bytes();
  early_.push_back(std::move(early));
  return DataVerdict::kTaken;
}

void Session::replay_early(Time now, TransferId id) {
  std::vector<EarlyData> waiting;
  waiting.swap(early_);
  early_bytes_ = 0;
  for (EarlyData& early : waiting) {
    if (early.place.transfer != id) {
      early_bytes_ += early.memory_bytes();
      early_.push_back(std::move(early));
    } else {
      // The window is larger than what is kept early, so a refusal can only mean that the transfer is over.
      (void)on_data(now, early.place, early.bytes);
    }
  }
}

void Session::on_whole_chunk(Time now, TransferId id, Transfer& transfer, std::uint32_t chunk,
                             Slice payload) {
  if (sha256(payload.view()) != transfer.manifest.chunks[chunk].digest) {
    std::string what =
        "chunk " + std::to_string(chunk) + ": its digest is not the one that the manifest names";
    if (++transfer.failures[chunk] > kMaxFailures || transfer.state != TransferState::kReceiving) {
      return fail_transfer(id, what);
    }
    ResendMessage again;
    again.transfer = id;
    again.chunks.add(chunk);
    return send(again);
  }
  std::uint64_t size = payload.size();
  if (auto taken = transfer.sink->chunk(chunk, std::move(payload)); !taken) {
    return fail_transfer(id, taken.error().message);
  }
  transfer.verified.add(chunk);
  events_.push_back(event::ChunkArrived{id, chunk, size});
  finish_if_whole(now, id);
}

void Session::finish_if_whole(Time now, TransferId id) {
  Transfer& transfer = *find(id);
  if (transfer.verified.size() + transfer.held.size() < transfer.manifest.chunks.size()) return;
  if (transfer.state != TransferState::kReceiving) return;  // END will finish a stopped one
  note_progress(now, 0, true);
  if (auto finished = transfer.sink->finish(true); !finished)
    return fail_transfer(id, finished.error().message);
  transfer.sink = nullptr;
  advance(now, transfer, TransferInput::kAllVerified);
  events_.push_back(event::Complete{id});
}

void Session::note_progress(Time now, std::uint64_t new_bytes, bool flush) {
  received_bytes_ += new_bytes;
  unreported_bytes_ += new_bytes;
  if (config_.binding != Binding::kStream || (peer_.features & kFeatureProgress) == 0) return;
  if (unreported_bytes_ == 0 || (unreported_bytes_ < kProgressEveryBytes && !flush)) return;
  send(ProgressMessage{
      received_bytes_, static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_us(now - reported_at_))), {}});
  unreported_bytes_ = 0;
  reported_at_ = now;
}

bool Session::has_data() const {
  if (state_ != SessionState::kOpen) return false;
  return std::any_of(transfers_.begin(), transfers_.end(),
                     [](const auto& entry) { return entry.second.sender && entry.second.sender->ready(); });
}

std::optional<DataPiece> Session::next_data(Time now, std::size_t max_bytes) {
  if (state_ != SessionState::kOpen || transfers_.empty()) return std::nullopt;
  auto at = transfers_.lower_bound(last_served_);
  bool stays = at != transfers_.end() && at->first == last_served_ && at->second.sender &&
               at->second.sender->mid_chunk();
  if (!stays)
    at = transfers_.upper_bound(last_served_);  // one chunk is finished before the next transfer's turn
  for (std::size_t tried = transfers_.size(); tried > 0 && !transfers_.empty(); --tried, ++at) {
    if (at == transfers_.end()) at = transfers_.begin();
    TransferId id = at->first;
    Transfer& transfer = at->second;
    if (!transfer.sender || !transfer.sender->ready()) continue;
    auto piece = transfer.sender->next(max_bytes);
    if (!piece) {
      fail_transfer(id, piece.error().message);
      return std::nullopt;
    }
    if (!*piece) continue;
    last_served_ = id;
    transfer.active_at = now;
    if (transfer.sender->exhausted()) advance(now, transfer, TransferInput::kAllSent);
    return std::move(**piece);
  }
  return std::nullopt;
}

void Session::data_acknowledged(const DataPlace& place, std::uint64_t size_bytes) {
  Transfer* transfer = find(place.transfer);
  if (transfer && transfer->sender) transfer->sender->acknowledged(place, size_bytes);
}

void Session::data_lost(const DataPlace& place, std::uint64_t size_bytes) {
  Transfer* transfer = find(place.transfer);
  if (transfer && transfer->sender) transfer->sender->lost(place, size_bytes);
}

}  // namespace kvferry
