// SPDX-License-Identifier: MIT
//
// Chunks as they arrive: credit and order. Their digests are in session_checks.cc.
#include <algorithm>

#include "protocol/connection/session.h"

namespace kvferry {
namespace {

constexpr std::uint64_t kMaxEarlyBytes = 256 * 1024;      // data that came before its manifest
constexpr std::uint64_t kProgressEveryBytes = 64 * 1024;  // payload per PROGRESS
constexpr std::uint64_t kLeastProgressBytes = 1024;       // less stands still
constexpr std::uint64_t kCreditPart = 8;  // CREDIT is sent when this part of the initial one has come back

}  // namespace

DataVerdict Session::refuse_data(Time now, ErrorCode code, const char* why) {
  fault(now, code, why);
  return DataVerdict::kIgnored;
}

DataVerdict Session::on_data(Time now, const DataPlace& place, ByteView bytes, std::uint32_t stream) {
  if (state_ == SessionState::kClosing || state_ == SessionState::kClosed) return DataVerdict::kIgnored;
  bool datagrams = config_.binding == Binding::kDatagram;
  if (bytes.empty()) return refuse_data(now, ErrorCode::kMalformed, "DATA without bytes");
  Transfer* transfer = find(place.transfer);
  if (!transfer) {
    if (is_known(place.transfer)) return DataVerdict::kIgnored;
    // It may have overtaken its OFFER, or HELLO.
    bool may_be_early = (place.transfer & 1) == (next_peer_id_ & 1) || state_ == SessionState::kGreeting;
    if (datagrams && may_be_early) return DataVerdict::kNotNow;
    return refuse_data(now, ErrorCode::kUnexpected, "DATA for a transfer that never was");
  }
  if (stream == kDatagrams && !may_be_dropped(*transfer, place.chunk))
    return refuse_data(now, ErrorCode::kUnexpected, "DATA in a datagram that was not allowed");
  switch (transfer->state) {
    case TransferState::kAsked:
      if (datagrams || transfer->eager)
        return keep_early(now, {place, stream, Bytes(bytes.begin(), bytes.end())});
      break;
    case TransferState::kConsidering:
      if (transfer->eager) return keep_early(now, {place, stream, Bytes(bytes.begin(), bytes.end())});
      break;
    case TransferState::kReceiving:
    case TransferState::kStopping:
      return take_data(now, place, *transfer, bytes, stream);
    case TransferState::kEnding:
    case TransferState::kVerified:
      return DataVerdict::kIgnored;
    default:
      break;
  }
  return refuse_data(now, ErrorCode::kUnexpected, "DATA in a state that does not allow it");
}

// SPEC.md, SMS-8: never before HAVE, and so not before the table. What the table does not have is judged
// elsewhere.
bool Session::may_be_dropped(const Transfer& transfer, std::uint64_t chunk) const {
  const auto& table = transfer.manifest.chunks;
  if (!transfer.droppable_from || transfer.arrivals.size() == 0) return false;
  return chunk >= table.size() || (table[chunk].refines && table[chunk].level >= *transfer.droppable_from);
}

bool Session::may_be_dropped(const Transfer& transfer, const ChunkRanges& chunks) const {
  bool all = true;
  chunks.for_each([&](std::uint32_t chunk) {
    all = may_be_dropped(transfer, std::uint64_t{chunk});
    return all && chunk < transfer.arrivals.size();
  });
  return all;
}

DataVerdict Session::take_data(Time now, const DataPlace& place, Transfer& transfer, ByteView bytes,
                               std::uint32_t stream) {
  const auto& table = transfer.manifest.chunks;
  if (place.chunk >= table.size() || place.offset > table[place.chunk].size_bytes ||
      bytes.size() > table[place.chunk].size_bytes - place.offset) {
    return refuse_data(now, ErrorCode::kMalformed, "DATA outside its chunk");
  }
  auto chunk = static_cast<std::uint32_t>(place.chunk);
  if (transfer.arrivals.of(chunk) != ChunkArrivals::State::kMissing)
    return take_in_vain(now, place.transfer, transfer, chunk);
  if (is_unordered(stream) && arriving_.is_full() && !arriving_.has(place.transfer, chunk))
    return no_room(now, stream);
  if (!arriving_.has(place.transfer, chunk) && !begin_chunk(now, place, transfer, stream))
    return DataVerdict::kIgnored;
  if (!arriving_.is_on(place.transfer, chunk, stream))
    return refuse_data(now, ErrorCode::kMalformed, "DATA of one chunk on two streams");
  if (!is_unordered(stream) && arriving_.contiguous_bytes(place.transfer, chunk) != place.offset)
    return refuse_data(now, ErrorCode::kMalformed, "DATA out of order on a stream");
  auto added = arriving_.add(place.transfer, chunk, place.offset, bytes);
  if (added.no_room) return no_room(now, stream);
  if (added.new_bytes == 0) return DataVerdict::kRepeated;
  transfer.trickled_bytes += added.new_bytes;
  if (added.whole || transfer.trickled_bytes >= kLeastProgressBytes) {
    transfer.active_at = now;
    transfer.trickled_bytes = 0;
  }
  note_progress(now, added.new_bytes, false);
  if (added.whole) on_whole_chunk(now, place.transfer, transfer, chunk, std::move(*added.whole));
  return DataVerdict::kTaken;
}

// Of datagrams beside streams nothing can count as not arrived: QUIC has acknowledged it.
DataVerdict Session::no_room(Time now, std::uint32_t stream) {
  if (stream != kDatagrams) return DataVerdict::kNotNow;
  return refuse_data(now, ErrorCode::kLimit, "more chunks in datagrams, or pieces of one, than there may be");
}

// Of a chunk that is here or was given up. A source may have begun one that is held before it knew, and
// paid for it.
DataVerdict Session::take_in_vain(Time now, TransferId id, Transfer& transfer, std::uint32_t chunk) {
  auto state = transfer.arrivals.of(chunk);
  bool unseen = !transfer.arrivals.is_charged(chunk);
  if (!charge(now, transfer, chunk)) return DataVerdict::kIgnored;
  if (unseen) give_back(id, transfer, transfer.manifest.chunks[chunk].size_bytes);
  return state == ChunkArrivals::State::kSkipped ? DataVerdict::kIgnored : DataVerdict::kRepeated;
}

// What a SKIP gives back counts before CREDIT tells: DATA that was sent before it may come after it. False:
// the peer is at fault.
bool Session::charge(Time now, Transfer& transfer, std::uint32_t chunk) {
  if (transfer.arrivals.is_charged(chunk)) return true;
  transfer.arrivals.set_charged(chunk);
  transfer.charged_bytes += transfer.manifest.chunks[chunk].size_bytes;
  if (transfer.charged_bytes <= transfer.granted_bytes + transfer.untold_bytes) return true;
  fault(now, ErrorCode::kLimit, "more chunks begun than there was credit for");
  return false;
}

// False: the peer is at fault. On a stream the source may begin at 0 although a prefix is here.
bool Session::begin_chunk(Time now, const DataPlace& place, Transfer& transfer, std::uint32_t stream) {
  bool ordered = !is_unordered(stream);
  auto chunk = static_cast<std::uint32_t>(place.chunk);
  if (ordered && arriving_.has_any(place.transfer, stream)) {
    fault(now, ErrorCode::kMalformed, "DATA of a chunk before the last one is whole");
    return false;
  }
  if (!charge(now, transfer, chunk)) return false;
  auto prefix = transfer.prefixes.extract(chunk);
  bool anew = prefix.empty() || (ordered && place.offset == 0);
  arriving_.begin(place.transfer, chunk, transfer.manifest.chunks[chunk].size_bytes,
                  anew ? ByteView() : prefix.mapped().view(), stream);
  return true;
}

// What a frame that comes in pieces goes on with: counted once. Other streams' pieces may stand between.
Session::EarlyData* Session::early_that_goes_on(const EarlyData& piece) {
  if (config_.binding == Binding::kDatagram) return nullptr;
  const std::size_t near = std::min<std::size_t>(early_.size(), kMaxDataStreams);
  for (auto at = early_.end(); at != early_.end() - static_cast<std::ptrdiff_t>(near);) {
    --at;
    if (at->stream == piece.stream && at->place.transfer == piece.place.transfer &&
        at->place.chunk == piece.place.chunk && at->place.offset + at->bytes.size() == piece.place.offset)
      return &*at;
  }
  return nullptr;
}

DataVerdict Session::keep_early(Time now, EarlyData early) {
  std::uint64_t room = std::max(kMaxEarlyBytes, config_.hello.limits.eager_bytes);
  EarlyData* before = early_that_goes_on(early);
  const std::uint64_t size_bytes = before ? early.bytes.size() : early.memory_bytes();
  if (size_bytes > room - std::min(room, early_bytes_)) {
    if (config_.binding == Binding::kDatagram) return DataVerdict::kNotNow;
    return refuse_data(now, ErrorCode::kLimit, "more of an offer than may come before it is accepted");
  }
  early_bytes_ += size_bytes;
  if (before)
    append(before->bytes, early.bytes);
  else
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
      // Gaps are fewer than kMaxGaps here, so a refusal can only mean that the transfer is over.
      (void)on_data(now, early.place, early.bytes, early.stream);
    }
  }
}

void Session::ask_again(TransferId id, const ChunkRanges& chunks) {
  ChunkRanges rest = chunks;
  while (!rest.empty()) {
    ResendMessage again{id, rest.lowest(kMaxHeldBytes), {}};
    rest.remove(again.chunks);
    send(again);
  }
}

// CREDIT waits until it is worth a message, unless the source may be short of it.
void Session::give_back(TransferId id, Transfer& transfer, std::uint64_t size_bytes) {
  std::uint64_t initial = config_.hello.limits.initial_credit_bytes;
  transfer.released_bytes += size_bytes;
  std::uint64_t credit = initial + transfer.released_bytes;
  std::uint64_t news = credit - transfer.granted_bytes;
  bool short_of_it = transfer.granted_bytes < transfer.charged_bytes + transfer.largest_chunk_bytes;
  if (transfer.state != TransferState::kReceiving || news == 0) return;
  if (news < initial / kCreditPart && !short_of_it) return;
  transfer.granted_bytes = credit;
  transfer.untold_bytes = 0;
  send(CreditMessage{id, credit, {}});
}

void Session::release(Time, TransferId id, std::uint32_t chunk) {
  Transfer* transfer = find(id);
  if (transfer && transfer->unreleased.erase(chunk) > 0)
    give_back(id, *transfer, transfer->manifest.chunks[chunk].size_bytes);
}

void Session::note_progress(Time now, std::uint64_t new_bytes, bool flush) {
  received_bytes_ += new_bytes;
  unreported_bytes_ += new_bytes;
  if (config_.binding == Binding::kDatagram || (peer_.features & kFeatureProgress) == 0) return;
  if (unreported_bytes_ == 0 || (unreported_bytes_ < kProgressEveryBytes && !flush)) return;
  send(ProgressMessage{
      received_bytes_, static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_us(now - reported_at_))), {}});
  unreported_bytes_ = 0;
  reported_at_ = now;
}

}  // namespace kvferry
