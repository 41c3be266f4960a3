// SPDX-License-Identifier: MIT
#include "transport/store/repack.h"

#include <algorithm>

namespace kvferry::store {
namespace {

struct Moved {
  Digest from;
  Digest to;
  std::map<std::uint64_t, std::uint64_t> offsets;
};

CardEntry after(const CardEntry& entry, const Moved& moved) {
  CardEntry out{entry.manifest, {}, {}};
  for (const ChunkPlace& place : entry.places) {
    const Digest& pack = entry.packs[place.pack];
    const bool moves = pack == moved.from;
    out.places.push_back(
        {out.index_of(moves ? moved.to : pack), moves ? moved.offsets.at(place.offset) : place.offset});
  }
  return out;
}

std::vector<Digest> cards_in(const Catalogue& catalogue, const Digest& pack) {
  std::vector<Digest> cards;
  for (const auto& [card, listed] : catalogue.cards()) {
    const auto& packs = listed.entry.packs;
    if (std::find(packs.begin(), packs.end(), pack) != packs.end()) cards.push_back(card);
  }
  return cards;
}

// Adds the card's chunks of that pack; false where they are not to be had.
bool plan_chunks(const CardEntry& entry, const Slice& pack, Moved& moved, PackPlan& plan) {
  for (std::size_t i = 0; i < entry.places.size(); ++i) {
    const ChunkPlace& place = entry.places[i];
    if (entry.packs[place.pack] != moved.from || moved.offsets.count(place.offset) != 0) continue;
    const ChunkInfo& chunk = entry.manifest.chunks[i];
    const auto payload = payload_at(pack.view(), {}, place.offset, chunk.size_bytes);
    if (!payload || sha256(*payload) != chunk.digest) return false;
    moved.offsets[place.offset] = plan.add(chunk.digest, *payload);
  }
  return true;
}

}  // namespace

bool is_worth_repacking(const Catalogue::Pack& pack) {
  return !pack.chunks.empty() && pack.file_bytes >= sizeof kPackMagic + 2 * pack.live_bytes;
}

Result<bool> repack(const PoolFolder& folder, const Catalogue& catalogue, const Digest& name) {
  const auto file = map_file(folder.pack(name));
  if (!file) return file.error();
  if (!*file) return false;
  const std::vector<Digest> cards = cards_in(catalogue, name);
  Moved moved{name, {}, {}};
  PackPlan plan;
  for (const Digest& card : cards) {
    if (!plan_chunks(catalogue.cards().at(card).entry, (*file)->bytes, moved, plan)) return false;
  }
  moved.to = plan.name();
  if (auto written = plan.write(folder); !written) return written.error();
  for (const Digest& card : cards) {
    const Bytes entry = serialize_entry(after(catalogue.cards().at(card).entry, moved));
    if (auto written = write_file(folder.scratch(), folder.card(card), {entry}); !written)
      return written.error();
  }
  return true;
}

}  // namespace kvferry::store
