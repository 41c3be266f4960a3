// SPDX-License-Identifier: MIT
//
// A card of a Redis as a source for any number of readers: a chunk is fetched when it is first read, and kept
// as long as somebody reads the card.
#pragma once

#include <chrono>

#include "protocol/card/chunk_flow.h"
#include "transport/store/redis_pool.h"

namespace kvferry::store {

class RedisCard final : public ChunkSource {
 public:
  // The holder has just pinned the card.
  RedisCard(std::shared_ptr<RedisPool> pool, const Digest& card, std::string holder, Manifest manifest)
      : pool_(std::move(pool)),
        card_(card),
        holder_(std::move(holder)),
        manifest_(std::move(manifest)),
        chunks_(manifest_.chunks.size()) {}
  ~RedisCard() override { pool_->unpin(card_, holder_); }
  RedisCard(const RedisCard&) = delete;
  RedisCard& operator=(const RedisCard&) = delete;

  [[nodiscard]] const Manifest& manifest() const override { return manifest_; }
  // From any thread. The error names the key.
  [[nodiscard]] Result<Slice> chunk(std::uint32_t index) override;
  [[nodiscard]] const std::string& holder() const { return holder_; }

 private:
  [[nodiscard]] Result<void> stay_pinned();
  [[nodiscard]] Result<Slice> fetch(const ChunkInfo& chunk);

  std::shared_ptr<RedisPool> pool_;
  Digest card_;
  std::string holder_;
  Manifest manifest_;
  std::mutex mutex_;  // guards what follows
  std::vector<Slice> chunks_;
  std::chrono::steady_clock::time_point pinned_at_ = std::chrono::steady_clock::now();
};

// The value of a chunk's key, its size and digest compared.
[[nodiscard]] Result<Slice> check_chunk(const RedisReply& value, const ChunkInfo& chunk);

}  // namespace kvferry::store
