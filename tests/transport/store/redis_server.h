// SPDX-License-Identifier: MIT
//
// A Redis of the test's own, on a socket in a folder of its own, and gone with it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kvferry::test {

class RedisServer {
 public:
  // Options as redis-server takes them: {"--maxmemory", "4mb"}. Throws where it does not start.
  explicit RedisServer(const std::vector<std::string>& options = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  [[nodiscard]] std::string where() const { return "redis+unix://" + socket().string(); }
  // What Redis answers to a command, in words.
  std::string say(const std::vector<std::string>& words) const;
  void kill();     // -9
  void pause();    // it listens, and answers nothing
  void restart();  // empty

 private:
  void start();
  [[nodiscard]] std::filesystem::path socket() const { return folder_ / "redis.sock"; }
  [[nodiscard]] bool answers() const;

  std::filesystem::path folder_;
  std::vector<std::string> options_;
  int pid_ = -1;
};

}  // namespace kvferry::test
