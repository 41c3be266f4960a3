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
  payload_bytes_ = manifest.payload_bytes();
  held_bytes_ = 0;
  held_ = {};
  file_ = folder_ / (digest.hex() + ".card");
  sink_.reset();
  if (is_here(digest)) return {};
  sink_.emplace(file_, CardFileSink::WhenBroken::kKeep);
  if (auto begun = sink_->begin(manifest); !begun) return begun;
  held_ = sink_->held(manifest);
  return take_from_base(manifest);
}

Result<void> IncomingCard::take_from_base(const Manifest& manifest) {
  if (!base_) return {};
  const auto base = read_card_file(folder_ / (base_->hex() + ".card"));
  if (!base) return {};  // it has gone: everything comes
  const ChunksByDigest places(base->manifest);
  for (std::uint32_t i = 0; i < manifest.chunks.size(); ++i) {
    const auto place = places.find(manifest.chunks[i]);
    if (!place || held_.contains(i) || sha256(base->chunks[*place].view()) != manifest.chunks[i].digest)
      continue;
    if (auto taken = sink_->chunk(i, base->chunks[*place]); !taken) return taken;
    held_.add(i);
  }
  return {};
}

ChunkRanges IncomingCard::held(const Manifest& manifest) {
  if (!sink_) {
    for (std::uint32_t i = 0; i < manifest.chunks.size(); ++i) held_.add(i);
  }
  held_.for_each([&](std::uint32_t index) { held_bytes_ += manifest.chunks[index].size_bytes; });
  return held_;
}

Result<void> IncomingCard::chunk(std::uint32_t index, Slice payload) {
  return sink_ ? sink_->chunk(index, std::move(payload)) : Result<void>();
}

Result<void> IncomingCard::finish(bool whole) { return sink_ ? sink_->finish(whole) : Result<void>(); }

void IncomingCard::abandon(const std::string& reason) {
  if (sink_) sink_->abandon(reason);
}

std::string IncomingCard::what_is_kept() const {
  std::error_code ignored;
  const fs::path part = part_file();
  if (file_.empty() || !fs::exists(part, ignored)) return {};
  return "; what came is kept in " + part.string() + ", and the same command goes on from there";
}

}  // namespace kvferry
