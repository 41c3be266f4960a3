// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/pooled_card.h"

#include <system_error>

namespace kvferry {

namespace fs = std::filesystem;

Result<std::optional<Card>> whole_card(CardStore& pool, const Digest& digest) {
  const auto source = pool.find(digest);
  if (!source) return source.error();
  if (!*source) return std::optional<Card>();
  auto card = read_whole(**source);
  if (!card) return card.error();
  return std::optional(std::move(*card));
}

// What is damaged in the pool comes anew, and is replaced.
Result<void> PooledCard::begin(const Manifest& manifest) {
  begin_count(manifest);
  digest_ = encode_manifest(manifest).digest();
  file_ = incoming_ / (digest_.hex() + ".card");
  sink_.reset();
  if (const auto here = whole_card(*pool_, digest_); here && *here) return {};
  sink_.emplace(file_, CardFileSink::WhenBroken::kKeep);
  return sink_->begin(manifest);
}

ChunkRanges PooledCard::held(const Manifest& manifest) {
  ChunkRanges held = every_chunk(manifest);
  if (sink_) {
    held = sink_->held(manifest);
    // Without them they come over the network.
    (void)pool_->find_chunks(manifest, [&](std::uint32_t index, Slice payload) -> Result<void> {
      if (held.contains(index)) return {};
      auto kept = sink_->chunk(index, std::move(payload));
      if (kept) held.add(index);
      return kept;
    });
  }
  count_held(manifest, held);
  return held;
}

Result<void> PooledCard::chunk(std::uint32_t index, Slice payload) {
  return sink_ ? sink_->chunk(index, std::move(payload)) : Result<void>();
}

Result<void> PooledCard::finish(bool whole) {
  if (sink_) {
    auto finished = sink_->finish(whole);
    if (!finished || !whole) return finished;
    if (auto put = put_file(); !put) return put;
  }
  return name_.empty() ? Result<void>() : pool_->bind(name_, digest_);
}

// What the pool does not take is kept like what broke off.
Result<void> PooledCard::put_file() {
  const auto card = read_card_file(file_);
  if (!card) return card.error();
  const auto put = pool_->put(*card);
  std::error_code ignored;
  if (put) {
    fs::remove(file_, ignored);
    return {};
  }
  fs::rename(file_, part_file(), ignored);
  return put.error();
}

void PooledCard::abandon(const std::string& reason) {
  if (sink_) sink_->abandon(reason);
}

}  // namespace kvferry
