// SPDX-License-Identifier: MIT
#include "transport/store/redis_pool.h"

#include <random>

#include "transport/store/manifest_parts.h"

namespace kvferry::store {
namespace {

// Longer than any reader waits for its peer between two chunks. What a killed process has pinned stays so
// long.
constexpr int kPinMs = 300'000;

}  // namespace

RedisPool::RedisPool(const RedisAddress& address, std::chrono::milliseconds patience)
    : link_(address, patience) {
  std::random_device random;
  for (int i = 0; i < 4; ++i) name_ += std::to_string(random());
}

Result<RedisReply> RedisPool::ask(const RedisLink::Words& words) {
  const std::lock_guard hold(mutex_);
  return link_.ask(words);
}

Result<std::vector<RedisReply>> RedisPool::ask_all(const std::vector<RedisLink::Words>& commands) {
  const std::lock_guard hold(mutex_);
  return link_.ask_all(commands);
}

Result<RedisReply> RedisPool::run(const std::string& script, const std::vector<std::string>& words) {
  RedisLink::Words command{as_bytes("EVAL"), as_bytes(script), as_bytes("0")};
  for (const std::string& word : words) command.push_back(as_bytes(word));
  return ask(command);
}

Result<std::optional<Bytes>> RedisPool::pin(const Digest& card, const std::string& holder) {
  const auto reply = run(pin_script(), {card.hex(), holder, std::to_string(kPinMs)});
  if (!reply) return reply.error();
  if (reply->kind != RedisReply::Kind::kText) return std::optional<Bytes>();
  return std::optional(Bytes(reply->bytes.view().begin(), reply->bytes.view().end()));
}

void RedisPool::unpin(const Digest& card, const std::string& holder) {
  const std::string pins = key("pins:", card);
  (void)ask({as_bytes("ZREM"), as_bytes(pins), as_bytes(holder)});
}

std::string RedisPool::new_holder() {
  const std::lock_guard hold(mutex_);
  return name_ + "-" + std::to_string(++holders_);
}

Bytes manifest_value(const Manifest& manifest) {
  Bytes out;
  put_manifest(out, manifest);
  return out;
}

Result<Manifest> parse_manifest_value(ByteView value, const Digest& card) {
  ByteReader in(value);
  auto manifest = take_manifest(in, card);
  if (manifest && !in.at_end())
    return Error{"byte " + std::to_string(in.position()) + ": more than a card's root and pages"};
  return manifest;
}

}  // namespace kvferry::store
