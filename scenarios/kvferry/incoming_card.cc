// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/incoming_card.h"

#include <algorithm>
#include <system_error>

#include "protocol/card/shared_chunks.h"

namespace kvferry {
namespace fs = std::filesystem;

bool IncomingCard::may_go_on_in(const fs::path& folder) {
  std::error_code failed;
  fs::directory_iterator entries(folder, failed);
  return !failed && std::any_of(fs::begin(entries), fs::end(entries), [](const fs::directory_entry& entry) {
    return entry.path().extension() == ".part" || entry.path().extension() == ".card";
  });
}

bool IncomingCard::is_here(const Digest& digest) const {
  std::error_code ignored;
  if (!fs::exists(file_, ignored)) return false;
  const auto card = read_card_file(file_);
  return card && card->digest() == digest && card->verify();
}

Result<void> IncomingCard::begin(const Manifest& manifest) {
  const Digest digest = encode_manifest(manifest).digest();
  begin_count(manifest);
  file_ = folder_ / (digest.hex() + ".card");
  sink_.reset();
  if (is_here(digest)) return {};
  sink_.emplace(file_, CardFileSink::WhenBroken::kKeep);
  return sink_->begin(manifest);
}

// What cannot be taken comes over the network.
void IncomingCard::take_from_base(const Manifest& manifest, ChunkRanges& held) {
  const auto base = read_card_file(folder_ / (base_->hex() + ".card"));
  if (!base) return;
  const ChunksByDigest places(base->manifest);
  for (std::uint32_t i = 0; i < manifest.chunks.size(); ++i) {
    const auto place = places.find(manifest.chunks[i]);
    if (!place || held.contains(i) || sha256(base->chunks[*place].view()) != manifest.chunks[i].digest)
      continue;
    if (sink_->chunk(i, base->chunks[*place])) held.add(i);
  }
}

ChunkRanges IncomingCard::held(const Manifest& manifest) {
  ChunkRanges held = sink_ ? sink_->held(manifest) : every_chunk(manifest);
  if (sink_ && base_) take_from_base(manifest, held);
  count_held(manifest, held);
  return held;
}

Result<void> IncomingCard::chunk(std::uint32_t index, Slice payload) {
  return sink_ ? sink_->chunk(index, std::move(payload)) : Result<void>();
}

Result<void> IncomingCard::finish(bool whole) { return sink_ ? sink_->finish(whole) : Result<void>(); }

void IncomingCard::abandon(const std::string& reason) {
  if (sink_) sink_->abandon(reason);
}

}  // namespace kvferry
