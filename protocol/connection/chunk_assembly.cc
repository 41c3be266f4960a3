// SPDX-License-Identifier: MIT
#include "protocol/connection/chunk_assembly.h"

#include <algorithm>

namespace kvferry {

ChunkAssembly::Added ChunkAssembly::add(std::uint64_t transfer, std::uint32_t chunk, std::uint32_t size_bytes,
                                        std::uint64_t offset, ByteView bytes) {
  auto found = open_.find({transfer, chunk});
  if (found == open_.end()) {
    if (!open_.empty() && size_bytes > window_bytes_ - std::min(window_bytes_, open_bytes_))
      return {.no_room = true};
    found = open_.try_emplace({transfer, chunk}).first;
    found->second.size_bytes = size_bytes;
    open_bytes_ += size_bytes;
  }
  Open& open = found->second;
  std::uint64_t end = offset + bytes.size();
  if (open.bytes.size() < end) open.bytes.resize(end);
  std::copy(bytes.begin(), bytes.end(), open.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  Added added;
  added.new_bytes = open.here.add(offset, end);
  if (open.here.size() == size_bytes) {
    added.whole = Slice(std::move(open.bytes));
    open_.erase(found);
    open_bytes_ -= size_bytes;
  }
  return added;
}

void ChunkAssembly::drop(std::uint64_t transfer) {
  for (auto at = open_.lower_bound({transfer, 0}); at != open_.end() && at->first.first == transfer;) {
    open_bytes_ -= at->second.size_bytes;
    at = open_.erase(at);
  }
}

}  // namespace kvferry
