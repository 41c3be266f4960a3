// SPDX-License-Identifier: MIT
//
// The pool's commands to Redis. From any thread, one at a time.
#pragma once

#include <mutex>

#include "protocol/card/manifest.h"
#include "transport/store/redis_link.h"
#include "transport/store/redis_scripts.h"

namespace kvferry::store {

class RedisPool {
 public:
  RedisPool(const RedisAddress& address, std::chrono::milliseconds patience);

  [[nodiscard]] Result<RedisReply> ask(const RedisLink::Words& words);
  [[nodiscard]] Result<std::vector<RedisReply>> ask_all(const std::vector<RedisLink::Words>& commands);
  [[nodiscard]] Result<RedisReply> run(const std::string& script, const std::vector<std::string>& words);
  // The card's manifest, and it is pinned for a while; nothing where there is no such card.
  [[nodiscard]] Result<std::optional<Bytes>> pin(const Digest& card, const std::string& holder);
  // Best effort: the pin ends by itself too.
  void unpin(const Digest& card, const std::string& holder);
  [[nodiscard]] std::string new_holder();  // one that nobody else is

  [[nodiscard]] std::string where() const { return link_.where(); }
  [[nodiscard]] static std::string key(const char* kind, const Digest& digest) {
    return std::string(kRedisPrefix) + kind + digest.hex();
  }

 private:
  std::mutex mutex_;
  RedisLink link_;
  std::uint64_t holders_ = 0;
  std::string name_;  // of this process among holders
};

// card:DIGEST, "manifest": root and pages, each behind its length.
[[nodiscard]] Bytes manifest_value(const Manifest& manifest);
[[nodiscard]] Result<Manifest> parse_manifest_value(ByteView value, const Digest& card);

}  // namespace kvferry::store
