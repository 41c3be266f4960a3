// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/conform/reception.h"

#include <algorithm>
#include <set>

#include "protocol/card/manifest_root.h"
#include "scenarios/kvferry/conform/verdict.h"

namespace kvferry::conform {
void Reception::take_manifest(ManifestMessage message) {
  manifest = std::move(message);
  if (auto root = decode_map<ManifestRoot>(manifest->root, "root"))
    page_count = root->page_digests.size() / Digest::kBytes;
}

void Reception::take_data(const DataPlace& place, ByteView bytes, std::size_t order) {
  const std::uint64_t past = place.offset + bytes.size();
  expect(!bytes.empty() && past <= kMaxChunkBytes,
         "the peer sent DATA of " + std::to_string(bytes.size()) + " bytes at offset " +
             std::to_string(place.offset) + " of chunk " + std::to_string(place.chunk) + " (FRM-4)");
  data.push_back({place, bytes.size(), order});
  data_before_pages += manifest_whole() ? 0 : 1;
  ChunkSeen& chunk = chunks[place.chunk];
  chunk.here.add(place.offset, past);
  if (chunk.bytes.size() < past) chunk.bytes.resize(past);
  std::copy(bytes.begin(), bytes.end(), chunk.bytes.begin() + static_cast<std::ptrdiff_t>(place.offset));
}

std::uint64_t Reception::payload_bytes() const {
  std::uint64_t sum = 0;
  for (const DataSeen& seen : data) sum += seen.size_bytes;
  return sum;
}

std::uint64_t Reception::distinct_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [index, chunk] : chunks) sum += chunk.here.size();
  return sum;
}

std::vector<std::uint64_t> Reception::begun() const {
  std::vector<std::uint64_t> order;
  std::set<std::uint64_t> known;
  for (const DataSeen& seen : data) {
    if (known.insert(seen.place.chunk).second) order.push_back(seen.place.chunk);
  }
  return order;
}

std::uint64_t Reception::bytes_of(std::uint64_t chunk) const {
  const auto found = chunks.find(chunk);
  return found == chunks.end() ? 0 : found->second.here.size();
}

}  // namespace kvferry::conform
