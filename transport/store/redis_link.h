// SPDX-License-Identifier: MIT
//
// A connection to a Redis that is made when it is needed, and again when it has broken. Every wait is
// bounded. One thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "protocol/base/slice.h"
#include "transport/store/redis_address.h"

struct redisContext;

namespace kvferry::store {

struct RedisReply {
  enum class Kind : std::uint8_t { kNothing, kNumber, kText, kList };
  Kind kind = Kind::kNothing;
  std::int64_t number = 0;
  Slice bytes;  // text, as it came
  std::vector<RedisReply> list;

  [[nodiscard]] std::string text() const { return {bytes.view().begin(), bytes.view().end()}; }
};

class RedisLink {
 public:
  using Words = std::vector<ByteView>;

  RedisLink(RedisAddress address, std::chrono::milliseconds patience);
  ~RedisLink();
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;

  // One command; what Redis says against it is an error too, which names the second word, the key.
  [[nodiscard]] Result<RedisReply> ask(const Words& words);
  // Several, without waiting in between; each reply stands for its command, the first error for all.
  [[nodiscard]] Result<std::vector<RedisReply>> ask_all(const std::vector<Words>& commands);
  [[nodiscard]] std::string where() const { return address_.text(); }

 private:
  struct Outcome;

  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Result<void> greet();
  [[nodiscard]] Outcome exchange(const std::vector<Words>& commands);
  [[nodiscard]] Error broken(const std::string& doing) const;

  RedisAddress address_;
  std::string password_;
  std::chrono::milliseconds patience_;  // for an answer
  std::unique_ptr<redisContext, void (*)(redisContext*)> context_;
};

}  // namespace kvferry::store
