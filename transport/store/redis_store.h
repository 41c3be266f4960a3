// SPDX-License-Identifier: MIT
//
// A pool in a Redis (7 or later, not a cluster), for several machines. FORMAT.md says what stands under which
// key. A card that is being read is in this process's memory, once for all of its readers.
#pragma once

#include <map>
#include <mutex>

#include "transport/store/card_store.h"
#include "transport/store/redis_link.h"

namespace kvferry {

namespace store {
class RedisCard;
class RedisPool;
}  // namespace store

class RedisStore final : public CardStore {
 public:
  [[nodiscard]] static Result<std::unique_ptr<CardStore>> open(const RedisAddress& address,
                                                               const StoreOptions& options);

  [[nodiscard]] Result<std::shared_ptr<ChunkSource>> find(const Digest& card) override;
  [[nodiscard]] Result<void> find_chunks(const Manifest& manifest, const TakeChunk& take) override;
  [[nodiscard]] Result<bool> put(const Card& card) override;
  [[nodiscard]] Result<bool> remove(const Digest& card) override;
  [[nodiscard]] Result<void> bind(const std::string& name, const Digest& card) override;
  [[nodiscard]] Result<std::optional<Digest>> resolve(const std::string& name) override;
  [[nodiscard]] Result<StoreListing> list() override;
  [[nodiscard]] Result<StoreStatistics> statistics() override;

 private:
  explicit RedisStore(std::shared_ptr<store::RedisPool> pool) : pool_(std::move(pool)) {}

  std::shared_ptr<store::RedisPool> pool_;  // outlives the store in cards that are being read
  std::mutex mutex_;                        // guards what follows
  std::map<Digest, std::weak_ptr<store::RedisCard>> open_;
};

}  // namespace kvferry
