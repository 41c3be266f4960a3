// SPDX-License-Identifier: MIT
//
// A pool of either kind, empty, and cards to put into it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "tests/protocol/sample_cards.h"
#include "tests/transport/store/redis_server.h"
#include "transport/store/card_store.h"

namespace kvferry::test {

enum class StoreKind : std::uint8_t { kDirectory, kRedis };

// Where a pool of this kind may be; gone at the end.
class PoolPlace {
 public:
  explicit PoolPlace(StoreKind kind) {
    if (kind == StoreKind::kRedis) {
      redis_ = std::make_unique<RedisServer>();
      where_ = redis_->where();
    } else {
      // Where syncing costs nothing, if there is such a place.
      const std::filesystem::path memory = "/dev/shm";
      const bool has_memory = ::access(memory.c_str(), W_OK) == 0;
      std::string folder =
          ((has_memory ? memory : std::filesystem::temp_directory_path()) / "kvferry_pool_XXXXXX").string();
      if (!::mkdtemp(folder.data())) throw std::runtime_error(folder + ": cannot create");
      where_ = folder;
    }
  }
  ~PoolPlace() {
    if (!redis_) std::filesystem::remove_all(where_);
  }
  PoolPlace(const PoolPlace&) = delete;
  PoolPlace& operator=(const PoolPlace&) = delete;

  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] std::unique_ptr<CardStore> open(const StoreOptions& options = {}) const {
    auto store = open_store(where_, options);
    if (!store) throw std::runtime_error(store.error().message);
    return std::move(*store);
  }
  [[nodiscard]] std::unique_ptr<CardStore> open_bounded(std::uint64_t max_bytes) const {
    StoreOptions options;
    options.max_bytes = max_bytes;
    return open(options);
  }

 private:
  std::unique_ptr<RedisServer> redis_;
  std::string where_;
};

// A version of a document: chunks of these seeds, so that equal seeds are shared.
[[nodiscard]] inline Card card_of_chunks(const std::vector<std::uint64_t>& seeds, std::size_t chunk_bytes) {
  Card card = sample_card(1, 0, 1);
  for (const std::uint64_t seed : seeds) {
    Rng rng(seed);
    ChunkInfo info;
    info.layer_count = 2;
    info.row_count = 64;
    add_chunk(card, info, Slice(random_bytes(rng, chunk_bytes)));
  }
  return card;
}

// Whole, and the right one. Nothing if it is not in the pool.
[[nodiscard]] inline std::optional<Card> read_card(CardStore& store, const Digest& digest) {
  auto source = store.find(digest);
  if (!source) throw std::runtime_error(source.error().message);
  if (!*source) return std::nullopt;
  auto card = read_whole(**source);
  if (!card) throw std::runtime_error(card.error().message);
  return std::move(*card);
}

[[nodiscard]] inline bool has(CardStore& store, const Card& card) {
  const auto found = read_card(store, card.digest());
  return found && same_bytes(*found, card);
}

// Throws what is wrong.
inline bool put(CardStore& store, const Card& card) {
  const auto done = store.put(card);
  if (!done) throw std::runtime_error(done.error().message);
  return *done;
}

[[nodiscard]] inline StoreStatistics statistics(CardStore& store) { return store.statistics().value(); }

}  // namespace kvferry::test
