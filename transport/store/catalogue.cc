// SPDX-License-Identifier: MIT
#include "transport/store/catalogue.h"

#include <algorithm>

namespace kvferry::store {
namespace {

struct FolderSize {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

// Best effort: files may go meanwhile.
FolderSize size_of(const fs::path& folder) {
  FolderSize size;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    const auto stamp = stamp_of(at->path());
    if (!stamp) continue;
    ++size.files;
    size.bytes += stamp->size_bytes;
  }
  return size;
}

}  // namespace

Result<void> Catalogue::refresh() {
  damaged_.clear();
  unreadable_entry_.reset();
  const FolderSize names = size_of(folder_.names());
  names_ = names.files;
  bytes_ = names.bytes;
  if (auto done = refresh_cards(); !done) return done;
  return refresh_packs();
}

Result<void> Catalogue::refresh_cards() {
  const auto found = digest_names(folder_.cards());
  if (!found) return found.error();
  damaged_.insert(damaged_.end(), found->others.begin(), found->others.end());
  std::vector<Digest> gone;
  for (const auto& [card, listed] : cards_) {
    if (!std::binary_search(found->digests.begin(), found->digests.end(), card)) gone.push_back(card);
  }
  for (const Digest& card : gone) drop(card);
  for (const Digest& card : found->digests) {
    const fs::path path = folder_.card(card);
    const auto known = cards_.find(card);
    if (known != cards_.end() && stamp_of(path) == known->second.stamp) {
      bytes_ += known->second.stamp.size_bytes;
      continue;
    }
    drop(card);
    const auto file = map_file(path);
    if (file && !*file) continue;  // gone meanwhile
    auto entry = file ? parse_entry((*file)->bytes.view(), card) : Result<CardEntry>(file.error());
    if (file) bytes_ += (*file)->stamp.size_bytes;
    if (entry) {
      add(card, {std::move(*entry), (*file)->stamp});
    } else {
      unreadable_entry_ = file ? entry.error().in(path.string()) : file.error();
      damaged_.push_back(*unreadable_entry_);
    }
  }
  return {};
}

Result<void> Catalogue::refresh_packs() {
  const auto found = digest_names(folder_.packs());
  if (!found) return found.error();
  damaged_.insert(damaged_.end(), found->others.begin(), found->others.end());
  for (auto& [name, pack] : packs_) pack.file_bytes = 0;
  for (const Digest& name : found->digests) {
    const auto stamp = stamp_of(folder_.pack(name));
    if (!stamp) continue;
    packs_[name].file_bytes = stamp->size_bytes;
    bytes_ += stamp->size_bytes;
  }
  for (auto pack = packs_.begin(); pack != packs_.end();) {
    const bool is_needed = !pack->second.chunks.empty();
    if (pack->second.file_bytes == 0 && is_needed)
      damaged_.push_back(Error{folder_.pack(pack->first).string() + ": missing or empty, and cards need it"});
    pack = pack->second.file_bytes == 0 && !is_needed ? packs_.erase(pack) : std::next(pack);
  }
  return {};
}

void Catalogue::add(const Digest& card, Listed listed) {
  const CardEntry& entry = listed.entry;
  for (std::size_t i = 0; i < entry.places.size(); ++i) {
    const ChunkInfo& chunk = entry.manifest.chunks[i];
    const ChunkPlace& place = entry.places[i];
    Pack& pack = packs_[entry.packs[place.pack]];
    ChunkUse& use = pack.chunks[place.offset];
    if (use.times++ == 0) pack.live_bytes += use.size_bytes = chunk.size_bytes;
    chunks_[chunk.digest] = {entry.packs[place.pack], place.offset};
  }
  cards_.insert_or_assign(card, std::move(listed));
}

void Catalogue::drop(const Digest& card) {
  const auto found = cards_.find(card);
  if (found == cards_.end()) return;
  const CardEntry& entry = found->second.entry;
  for (std::size_t i = 0; i < entry.places.size(); ++i) {
    const ChunkPlace& place = entry.places[i];
    const Digest& name = entry.packs[place.pack];
    Pack& pack = packs_[name];
    const auto use = pack.chunks.find(place.offset);
    if (--use->second.times > 0) continue;
    pack.live_bytes -= use->second.size_bytes;
    pack.chunks.erase(use);
    const auto known = chunks_.find(entry.manifest.chunks[i].digest);
    if (known != chunks_.end() && known->second.pack == name && known->second.offset == place.offset)
      chunks_.erase(known);
  }
  cards_.erase(found);
}

std::optional<Catalogue::Place> Catalogue::place_of(const Digest& chunk) const {
  const auto found = chunks_.find(chunk);
  if (found == chunks_.end()) return std::nullopt;
  return found->second;
}

}  // namespace kvferry::store
