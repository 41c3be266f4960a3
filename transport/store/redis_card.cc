// SPDX-License-Identifier: MIT
#include "transport/store/redis_card.h"

namespace kvferry::store {
namespace {

constexpr auto kPinAgain = std::chrono::minutes(1);

}  // namespace

Result<Slice> check_chunk(const RedisReply& value, const ChunkInfo& chunk) {
  const std::string key = RedisPool::key("chunk:", chunk.digest);
  if (value.kind != RedisReply::Kind::kText)
    return Error{key +
                 ": missing, expected a chunk; does this Redis evict keys by itself (maxmemory-policy)?"};
  if (value.bytes.size() != chunk.size_bytes) {
    return Error{key + ": " + std::to_string(value.bytes.size()) + " bytes, expected a chunk of " +
                 std::to_string(chunk.size_bytes)};
  }
  if (const Digest found = sha256(value.bytes.view()); found != chunk.digest)
    return Error{key + ": damaged, its value has the digest " + found.hex()};
  return value.bytes;
}

Result<Slice> RedisCard::chunk(std::uint32_t index) {
  if (index >= manifest_.chunks.size()) return Error{"card: no chunk " + std::to_string(index)};
  const std::lock_guard hold(mutex_);
  if (auto pinned = stay_pinned(); !pinned) return pinned.error();
  if (chunks_[index].empty()) {
    auto fetched = fetch(manifest_.chunks[index]);
    if (!fetched) return fetched;
    chunks_[index] = std::move(*fetched);
  }
  return chunks_[index];
}

Result<Slice> RedisCard::fetch(const ChunkInfo& chunk) {
  const std::string key = RedisPool::key("chunk:", chunk.digest);
  const auto value = pool_->ask({as_bytes("GET"), as_bytes(key)});
  if (!value) return value.error();
  auto checked = check_chunk(*value, chunk);
  if (!checked) return checked.error().in(pool_->where());
  return checked;
}

Result<void> RedisCard::stay_pinned() {
  const auto now = std::chrono::steady_clock::now();
  if (now - pinned_at_ < kPinAgain) return {};
  const auto pinned = pool_->pin(card_, holder_);
  if (!pinned) return pinned.error();
  if (!*pinned) return Error{pool_->where() + ": the card " + card_.hex() + " was removed while it was read"};
  pinned_at_ = now;
  return {};
}

}  // namespace kvferry::store
