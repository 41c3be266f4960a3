// SPDX-License-Identifier: MIT
#include "protocol/connection/chunk_sender.h"

#include <algorithm>
#include <utility>

namespace kvferry {

template <typename Function>
void ChunkSender::for_each(const ChunkRanges& chunks, Function&& function) const {
  for (const ChunkRange& range : chunks.ranges()) {
    std::uint64_t end = std::min<std::uint64_t>(std::uint64_t{range.first} + range.count, states_.size());
    for (std::uint64_t chunk = range.first; chunk < end; ++chunk) function(static_cast<std::uint32_t>(chunk));
  }
}

ChunkSender::ChunkSender(Options options, std::shared_ptr<ChunkSource> source, const ChunkRanges& known)
    : options_(std::move(options)),
      source_(std::move(source)),
      states_(source_->manifest().chunks.size(), State::kWaiting),
      waiting_(states_.size()),
      last_stream_(static_cast<std::uint32_t>(options_.transfer / 2 % kMaxDataStreams)) {
  know(known);
}

bool ChunkSender::exhausted() const {
  return dropped_ || (cuts_.empty() && again_.empty() && with_losses_.empty() && waiting_ == 0);
}

bool ChunkSender::ready(StreamSet takes) const {
  if (dropped_) return false;
  if (first_cut(takes) < cuts_.size() || !with_losses_.empty()) return true;
  if (options_.wait_for_have) return false;
  if (!again_.empty()) return free_stream(takes).has_value();
  if (waiting_ == 0) return false;
  if (unwanted(next_waiting())) return true;  // is to be skipped
  return stream_for(next_waiting(), takes) && has_credit_for(next_waiting());
}

bool ChunkSender::has_credit_for(std::uint32_t chunk) const {
  return info(chunk).size_bytes <= options_.credit_bytes - std::min(options_.credit_bytes, charged_bytes_);
}

void ChunkSender::settle(std::uint32_t chunk, State state) {
  if (states_[chunk] == State::kWaiting) --waiting_;
  states_[chunk] = state;
  preferred_.erase(chunk);
  while (next_chunk_ < states_.size() && states_[next_chunk_] != State::kWaiting) ++next_chunk_;
}

std::optional<SkipReason> ChunkSender::unwanted(std::uint32_t chunk) const {
  if (info(chunk).level > level_) return SkipReason::kLevel;
  std::uint64_t size = info(chunk).size_bytes - options_.partial.size_of(chunk);
  if (options_.budget_bytes && size > *options_.budget_bytes - budgeted_bytes_) return SkipReason::kBudget;
  return std::nullopt;
}

std::optional<std::uint32_t> ChunkSender::choose() {
  if (!again_.empty()) return *again_.begin();
  while (waiting_ > 0) {
    std::uint32_t chunk = next_waiting();
    auto reason = unwanted(chunk);
    if (!reason) return chunk;
    give_up(chunk, *reason);
  }
  return std::nullopt;
}

const ChunkSender::Cut* ChunkSender::cut_of(std::uint32_t chunk) const {
  auto found = std::find_if(cuts_.begin(), cuts_.end(), [&](const Cut& cut) { return cut.chunk == chunk; });
  return found == cuts_.end() ? nullptr : &*found;
}

std::size_t ChunkSender::first_cut(StreamSet takes) const {
  auto found =
      std::find_if(cuts_.begin(), cuts_.end(), [&](const Cut& cut) { return takes.has(cut.stream); });
  return static_cast<std::size_t>(found - cuts_.begin());
}

// The next in turn that this transfer has no chunk on.
std::optional<std::uint32_t> ChunkSender::free_stream(StreamSet takes) const {
  for (std::uint32_t i = 1; i <= kMaxDataStreams + 1; ++i) {
    std::uint32_t stream = (last_stream_ + i) % (kMaxDataStreams + 1);
    bool busy = std::any_of(cuts_.begin(), cuts_.end(), [&](const Cut& cut) { return cut.stream == stream; });
    if (takes.has(stream) && !busy) return stream;
  }
  return std::nullopt;
}

// Not what is asked for again.
bool ChunkSender::may_be_dropped(std::uint32_t chunk) const {
  return in_datagrams_ && info(chunk).refines && info(chunk).level >= *options_.droppable_from &&
         info(chunk).size_bytes <= kMaxDatagramsOfChunk * (kMinDatagramBytes - kMaxDataPlaceBytes) &&
         open_.size() < kMaxChunksInDatagrams && !again_.contains(chunk);
}

// Nothing: those that it could go on take no bytes.
std::optional<std::uint32_t> ChunkSender::stream_for(std::uint32_t chunk, StreamSet takes) const {
  if (takes.has(kDatagrams) && may_be_dropped(chunk)) return kDatagrams;
  return free_stream(takes);
}

Result<bool> ChunkSender::begin_next_chunk(StreamSet takes) {
  if (options_.wait_for_have) return false;
  auto chunk = choose();
  if (!chunk) return false;
  bool again = again_.contains(*chunk);
  if (!again && !has_credit_for(*chunk)) return false;
  auto stream = stream_for(*chunk, takes);
  if (!stream) return false;
  std::uint32_t size = info(*chunk).size_bytes;
  auto bytes = source_->chunk(*chunk);
  if (!bytes) return bytes.error();
  if (bytes->size() != size) {
    return Error{"source: chunk " + std::to_string(*chunk) + " has " + std::to_string(bytes->size()) +
                 " bytes, the table says " + std::to_string(size)};
  }
  std::uint32_t begins_at = again ? 0 : options_.partial.size_of(*chunk);
  if (again) {
    again_.erase(*chunk);
  } else {
    charged_bytes_ += size;
    budgeted_bytes_ += size - begins_at;
    ++chunks_begun_;
    settle(*chunk, State::kBegun);
  }
  open_.erase(*chunk);
  if (options_.until_acknowledged || *stream == kDatagrams) {
    Open& open = open_.emplace(*chunk, Open{*bytes, {}, {}, *stream == kDatagrams}).first->second;
    open.acknowledged.add(0, begins_at);
  }
  cuts_.push_back({*chunk, *stream, std::move(*bytes), begins_at, again});
  if (*stream != kDatagrams) last_stream_ = *stream;
  return true;
}

std::optional<DataPiece> ChunkSender::next_lost(std::size_t max_bytes) {
  while (!with_losses_.empty()) {
    std::uint32_t chunk = *with_losses_.begin();
    Open& open = open_.at(chunk);
    while (!open.lost.empty()) {
      Range range = open.lost.take_lowest(max_bytes);
      auto gaps = open.acknowledged.missing(range.begin, range.end);  // it may have arrived after all
      if (gaps.empty()) continue;
      for (std::size_t i = 1; i < gaps.size(); ++i) open.lost.add(gaps[i].begin, gaps[i].end);
      if (open.lost.empty()) with_losses_.erase(chunk);
      std::uint64_t size = gaps[0].end - gaps[0].begin;
      return DataPiece{{options_.transfer, chunk, gaps[0].begin}, open.bytes.part(gaps[0].begin, size), true};
    }
    with_losses_.erase(chunk);
  }
  return std::nullopt;
}

DataPiece ChunkSender::cut_piece(std::size_t index, std::size_t max_bytes, std::size_t datagram_bytes) {
  Cut& cut = cuts_[index];
  if (cut.stream == kDatagrams)
    max_bytes = datagram_bytes - data_place_bytes({options_.transfer, cut.chunk, cut.offset});
  std::size_t size = std::min(max_bytes, cut.bytes.size() - cut.offset);
  DataPiece piece{
      {options_.transfer, cut.chunk, cut.offset}, cut.bytes.part(cut.offset, size), cut.again, cut.stream};
  cut.offset += size;
  if (cut.offset == cut.bytes.size()) cuts_.erase(cuts_.begin() + static_cast<std::ptrdiff_t>(index));
  return piece;
}

Result<std::optional<DataPiece>> ChunkSender::next(std::size_t max_bytes, StreamSet takes,
                                                   std::size_t datagram_bytes) {
  if (dropped_ || max_bytes == 0) return std::optional<DataPiece>();
  if (auto piece = next_lost(max_bytes)) return std::optional(std::move(*piece));
  std::size_t cut = first_cut(takes);
  if (cut == cuts_.size()) {
    auto begun = begin_next_chunk(takes);
    if (!begun) return begun.error();
    if (!*begun) return std::optional<DataPiece>();
    cut = cuts_.size() - 1;
  }
  return std::optional(cut_piece(cut, max_bytes, datagram_bytes));
}

void ChunkSender::resend(const ChunkRanges& chunks) {
  for_each(chunks, [&](std::uint32_t chunk) {
    if (states_[chunk] == State::kKnown) {
      states_[chunk] = State::kWaiting;
      options_.partial.remove(chunk);  // it comes whole
      ++waiting_;
      next_chunk_ = std::min(next_chunk_, chunk);
    } else if (states_[chunk] == State::kBegun && !cut_of(chunk)) {
      again_.insert(chunk);
    }
    if (expired_ && states_[chunk] != State::kSkipped) give_up(chunk, SkipReason::kDeadline);
  });
}

void ChunkSender::have(const ChunkRanges& chunks) {
  options_.wait_for_have = false;
  if (options_.droppable_from && !std::exchange(in_datagrams_, true))
    refinements_ = Refinements(source_->manifest().chunks);
  know(chunks);
}

void ChunkSender::know(const ChunkRanges& chunks) {
  for_each(chunks, [&](std::uint32_t chunk) {
    if (states_[chunk] == State::kWaiting) settle(chunk, State::kKnown);
  });
}

void ChunkSender::prefer(const ChunkRanges& chunks) {
  for_each(chunks, [&](std::uint32_t chunk) {
    if (states_[chunk] == State::kWaiting) preferred_.insert(chunk);
  });
}

// The receiver gives back the credit of every skipped chunk: it cannot tell which had begun.
void ChunkSender::give_up(std::uint32_t chunk, SkipReason reason) {
  if (states_[chunk] == State::kWaiting) charged_bytes_ += info(chunk).size_bytes;
  again_.erase(chunk);
  settle(chunk, State::kSkipped);
  skipped_[reason].add(chunk);
  open_.erase(chunk);
  with_losses_.erase(chunk);
  std::erase_if(cuts_, [&](const Cut& cut) { return cut.chunk == chunk; });
}

// What was not sent of those that build on it would be of no use.
void ChunkSender::give_up_with_refinements(std::uint32_t chunk) {
  give_up(chunk, SkipReason::kLost);
  for (auto next = refinements_.of(chunk); next; next = refinements_.of(*next)) {
    if (states_[*next] == State::kWaiting || cut_of(*next)) give_up(*next, SkipReason::kLost);
  }
}

void ChunkSender::skip(const ChunkRanges& chunks, SkipReason reason) {
  for_each(chunks, [&](std::uint32_t chunk) {
    if (states_[chunk] == State::kWaiting || cut_of(chunk) || again_.contains(chunk) ||
        with_losses_.contains(chunk))
      give_up(chunk, reason);
  });
}

void ChunkSender::expire() {
  expired_ = true;
  while (waiting_ > 0) give_up(next_chunk_, SkipReason::kDeadline);
  while (!cuts_.empty()) give_up(cuts_.front().chunk, SkipReason::kDeadline);
  while (!again_.empty()) give_up(*again_.begin(), SkipReason::kDeadline);
  while (!with_losses_.empty()) give_up(*with_losses_.begin(), SkipReason::kDeadline);
}

std::optional<ChunkSender::Skips> ChunkSender::take_skipped() {
  if (skipped_.empty()) return std::nullopt;
  auto node = skipped_.extract(skipped_.begin());
  return Skips{node.key(), std::move(node.mapped())};
}

std::uint64_t ChunkSender::acknowledged(const DataPlace& place, std::uint64_t size_bytes) {
  auto chunk = static_cast<std::uint32_t>(place.chunk);
  auto found = open_.find(chunk);
  if (found == open_.end()) return 0;
  RangeSet& acknowledged = found->second.acknowledged;
  const std::uint64_t added = acknowledged.add(place.offset, place.offset + size_bytes);
  if (acknowledged.size() < found->second.bytes.size()) return added;
  with_losses_.erase(chunk);
  open_.erase(found);
  return added;
}

void ChunkSender::lost(const DataPlace& place, std::uint64_t size_bytes) {
  auto chunk = static_cast<std::uint32_t>(place.chunk);
  auto found = open_.find(chunk);
  if (found == open_.end() || dropped_) return;
  if (found->second.droppable) return give_up_with_refinements(chunk);
  auto gaps = found->second.acknowledged.missing(place.offset, place.offset + size_bytes);
  if (gaps.empty()) return;
  if (expired_) return give_up(chunk, SkipReason::kDeadline);
  for (const Range& gap : gaps) found->second.lost.add(gap.begin, gap.end);
  with_losses_.insert(chunk);
}

void ChunkSender::drop() {
  dropped_ = true;
  cuts_.clear();
  again_.clear();
  open_.clear();
  with_losses_.clear();
  skipped_.clear();
}

}  // namespace kvferry
