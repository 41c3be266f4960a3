// SPDX-License-Identifier: MIT
#include "transport/store/put_plan.h"

#include <algorithm>

namespace kvferry::store {

const Slice& PutPlan::map_pack(const Digest& pack) {
  const auto [at, is_new] = packs_.try_emplace(pack);
  if (is_new) {
    const auto file = map_file(folder_.pack(pack));
    if (file && *file) at->second = (*file)->bytes;
  }
  return at->second;
}

bool PutPlan::stands_at(const Digest& pack, std::uint64_t offset, ByteView payload) {
  const auto [at, is_new] = stands_at_.try_emplace({pack, offset}, false);
  if (is_new) {
    const auto there =
        payload_at(map_pack(pack).view(), {}, offset, static_cast<std::uint32_t>(payload.size()));
    at->second = there && std::equal(payload.begin(), payload.end(), there->data());
  }
  return at->second;
}

bool PutPlan::is_done(const CardEntry& entry) {
  for (std::size_t i = 0; i < entry.places.size(); ++i) {
    const ChunkPlace& place = entry.places[i];
    if (!stands_at(entry.packs[place.pack], place.offset, card_.chunks[i].view())) return false;
  }
  return true;
}

void PutPlan::make() {
  pack_ = {};
  entry_ = {card_.manifest, {}, {}};
  std::map<Digest, std::uint64_t> planned;  // offsets in the new pack
  std::vector<std::size_t> in_new_pack;     // chunks
  for (std::size_t i = 0; i < card_.chunks.size(); ++i) {
    const Digest& digest = card_.manifest.chunks[i].digest;
    const ByteView payload = card_.chunks[i].view();
    const auto known = catalogue_.place_of(digest);
    if (known && stands_at(known->pack, known->offset, payload)) {
      entry_.places.push_back({entry_.index_of(known->pack), known->offset});
      continue;
    }
    const auto [at, is_new] = planned.try_emplace(digest, 0);
    if (is_new) at->second = pack_.add(digest, payload);
    entry_.places.push_back({0, at->second});
    in_new_pack.push_back(i);
  }
  if (!in_new_pack.empty()) {
    const std::uint32_t index = entry_.index_of(pack_.name());
    for (const std::size_t chunk : in_new_pack) entry_.places[chunk].pack = index;
  }
  bytes_ = serialize_entry(entry_).size() + (pack_.empty() ? 0 : pack_.file_bytes());
}

}  // namespace kvferry::store
