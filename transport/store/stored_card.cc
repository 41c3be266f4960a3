// SPDX-License-Identifier: MIT
#include "transport/store/stored_card.h"

#include "transport/store/pack.h"

namespace kvferry::store {

Result<Slice> StoredCard::chunk(std::uint32_t index) {
  const CardEntry& entry = files_->entry;
  if (index >= entry.places.size()) return Error{"card: no chunk " + std::to_string(index)};
  const ChunkPlace& place = entry.places[index];
  const ChunkInfo& info = entry.manifest.chunks[index];
  const fs::path& path = files_->paths[place.pack];
  const auto payload = payload_at(files_->packs[place.pack].view(), path, place.offset, info.size_bytes);
  if (!payload) return payload.error();
  if (!files_->checked->is_checked(index)) {
    const Digest found = sha256(*payload);
    if (found != info.digest) {
      return Error{path.string() + ": damaged at byte " + std::to_string(place.offset) + ": chunk " +
                   std::to_string(index) + " has digest " + found.hex() + ", expected " + info.digest.hex()};
    }
    files_->checked->set_checked(index);
  }
  return Slice(files_, *payload);
}

}  // namespace kvferry::store
