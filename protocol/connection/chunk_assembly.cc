// SPDX-License-Identifier: MIT
#include "protocol/connection/chunk_assembly.h"

#include <algorithm>

namespace kvferry {
namespace {

std::uint64_t from_the_beginning(const RangeSet& here) {
  return here.empty() || here.ranges().front().begin != 0 ? 0 : here.ranges().front().end;
}

}  // namespace

void ChunkAssembly::begin(std::uint64_t transfer, std::uint32_t chunk, std::uint32_t size_bytes,
                          ByteView prefix, std::uint32_t stream) {
  auto [place, is_new] = open_.try_emplace(Key{transfer, chunk});
  if (!is_new) return;
  Open& open = place->second;
  open.size_bytes = size_bytes;
  open.stream = stream;
  open.bytes.reserve(size_bytes);
  append(open.bytes, prefix);
  open.here.add(0, prefix.size());
  open_bytes_ += size_bytes;
}

bool ChunkAssembly::has(std::uint64_t transfer, std::uint32_t chunk) const {
  return open_.contains({transfer, chunk});
}

bool ChunkAssembly::has_any(std::uint64_t transfer, std::uint32_t stream) const {
  for (auto at = open_.lower_bound({transfer, 0}); at != open_.end() && at->first.first == transfer; ++at) {
    if (at->second.stream == stream) return true;
  }
  return false;
}

bool ChunkAssembly::is_on(std::uint64_t transfer, std::uint32_t chunk, std::uint32_t stream) const {
  auto found = open_.find({transfer, chunk});
  return found != open_.end() && found->second.stream == stream;
}

std::uint64_t ChunkAssembly::contiguous_bytes(std::uint64_t transfer, std::uint32_t chunk) const {
  auto found = open_.find({transfer, chunk});
  return found == open_.end() ? 0 : from_the_beginning(found->second.here);
}

ChunkAssembly::Added ChunkAssembly::add(std::uint64_t transfer, std::uint32_t chunk, std::uint64_t offset,
                                        ByteView bytes) {
  auto found = open_.find({transfer, chunk});
  Open& open = found->second;
  std::uint64_t end = offset + bytes.size();
  if (open.here.ranges().size() >= kMaxGaps && !open.here.touches(offset, end)) return {.no_room = true};
  if (offset == open.bytes.size()) {
    append(open.bytes, bytes);
  } else {
    if (open.bytes.size() < end) open.bytes.resize(end);
    std::copy(bytes.begin(), bytes.end(), open.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  Added added;
  added.new_bytes = open.here.add(offset, end);
  if (open.here.size() == open.size_bytes) {
    added.whole = Slice(std::move(open.bytes));
    open_bytes_ -= open.size_bytes;
    open_.erase(found);
  }
  return added;
}

std::uint32_t ChunkAssembly::drop(std::uint64_t transfer, std::uint32_t chunk) {
  auto node = open_.extract(Key{transfer, chunk});
  if (node.empty()) return 0;
  open_bytes_ -= node.mapped().size_bytes;
  return node.mapped().size_bytes;
}

std::vector<PartialChunk> ChunkAssembly::drop(std::uint64_t transfer) {
  std::vector<PartialChunk> partial;
  for (auto at = open_.lower_bound({transfer, 0}); at != open_.end() && at->first.first == transfer;) {
    Open& open = at->second;
    if (auto size = from_the_beginning(open.here); size > 0) {
      open.bytes.resize(size);
      partial.push_back({at->first.second, Slice(std::move(open.bytes))});
    }
    open_bytes_ -= open.size_bytes;
    at = open_.erase(at);
  }
  return partial;
}

}  // namespace kvferry
