// SPDX-License-Identifier: MIT
#include "protocol/connection/chunk_sender.h"

#include <algorithm>

namespace kvferry {

ChunkSender::ChunkSender(Options options, std::shared_ptr<ChunkSource> source, ChunkRanges held)
    : options_(std::move(options)), source_(std::move(source)), held_(std::move(held)) {
  skip_held();
}

void ChunkSender::skip_held() {
  while (next_chunk_ < source_->manifest().chunks.size() && held_.contains(next_chunk_)) ++next_chunk_;
}

bool ChunkSender::exhausted() const {
  if (dropped_) return true;
  return !current_ && again_.empty() && with_losses_.empty() &&
         next_chunk_ >= source_->manifest().chunks.size();
}

bool ChunkSender::window_allows(std::uint32_t size_bytes) const {
  if (!options_.until_acknowledged || *options_.open_bytes == 0) return true;
  return size_bytes <= options_.window_bytes - std::min(options_.window_bytes, *options_.open_bytes);
}

bool ChunkSender::ready() const {
  if (exhausted()) return false;
  if (current_ || !with_losses_.empty()) return true;
  std::uint32_t chunk = again_.empty() ? next_chunk_ : *again_.begin();
  return window_allows(source_->manifest().chunks[chunk].size_bytes);
}

Result<bool> ChunkSender::open_next_chunk() {
  const auto& table = source_->manifest().chunks;
  bool again = !again_.empty();
  if (!again && next_chunk_ >= table.size()) return false;
  std::uint32_t chunk = again ? *again_.begin() : next_chunk_;
  if (!window_allows(table[chunk].size_bytes)) return false;
  auto bytes = source_->chunk(chunk);
  if (!bytes) return bytes.error();
  if (bytes->size() != table[chunk].size_bytes) {
    return Error{"source: chunk " + std::to_string(chunk) + " has " + std::to_string(bytes->size()) +
                 " bytes, the table says " + std::to_string(table[chunk].size_bytes)};
  }
  if (again) {
    again_.erase(again_.begin());
  } else {
    ++next_chunk_;
    ++chunks_begun_;
    skip_held();
  }
  current_ = chunk;
  current_bytes_ = std::move(*bytes);
  current_offset_ = 0;
  current_again_ = again;
  if (options_.until_acknowledged) {
    auto [place, is_new] = open_.insert_or_assign(chunk, Open{current_bytes_, {}, {}});
    if (is_new) *options_.open_bytes += table[chunk].size_bytes;
  }
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

Result<std::optional<DataPiece>> ChunkSender::next(std::size_t max_bytes) {
  if (dropped_ || max_bytes == 0) return std::optional<DataPiece>();
  if (auto piece = next_lost(max_bytes)) return std::optional(std::move(*piece));
  if (!current_) {
    auto opened = open_next_chunk();
    if (!opened) return opened.error();
    if (!*opened) return std::optional<DataPiece>();
  }
  std::size_t size = std::min(max_bytes, current_bytes_.size() - current_offset_);
  DataPiece piece{{options_.transfer, *current_, current_offset_},
                  current_bytes_.part(current_offset_, size),
                  current_again_};
  current_offset_ += size;
  if (current_offset_ == current_bytes_.size()) {
    current_.reset();
    current_bytes_ = {};
  }
  return std::optional(std::move(piece));
}

void ChunkSender::resend(const ChunkRanges& chunks) {
  for (const ChunkRange& range : chunks.ranges()) {
    for (std::uint32_t i = 0; i < range.count; ++i) {
      std::uint32_t chunk = range.first + i;
      if (chunk >= next_chunk_) return;  // not sent yet
      if (!held_.contains(chunk)) again_.insert(chunk);
    }
  }
}

void ChunkSender::acknowledged(const DataPlace& place, std::uint64_t size_bytes) {
  auto chunk = static_cast<std::uint32_t>(place.chunk);
  auto found = open_.find(chunk);
  if (found == open_.end()) return;
  found->second.acknowledged.add(place.offset, place.offset + size_bytes);
  if (found->second.acknowledged.size() < found->second.bytes.size()) return;
  *options_.open_bytes -= found->second.bytes.size();
  with_losses_.erase(chunk);
  open_.erase(found);
}

void ChunkSender::lost(const DataPlace& place, std::uint64_t size_bytes) {
  auto chunk = static_cast<std::uint32_t>(place.chunk);
  auto found = open_.find(chunk);
  if (found == open_.end() || dropped_) return;
  for (const Range& gap : found->second.acknowledged.missing(place.offset, place.offset + size_bytes)) {
    found->second.lost.add(gap.begin, gap.end);
    with_losses_.insert(chunk);
  }
}

void ChunkSender::drop() {
  dropped_ = true;
  current_.reset();
  current_bytes_ = {};
  again_.clear();
  for (const auto& [chunk, open] : open_) *options_.open_bytes -= open.bytes.size();
  open_.clear();
  with_losses_.clear();
}

}  // namespace kvferry
