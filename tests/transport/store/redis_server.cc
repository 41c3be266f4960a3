// SPDX-License-Identifier: MIT
#include "tests/transport/store/redis_server.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <thread>

namespace kvferry::test {

namespace fs = std::filesystem;

RedisServer::RedisServer(const std::vector<std::string>& options) : options_(options) {
  std::string folder = (fs::temp_directory_path() / "kvferry_redis_XXXXXX").string();
  if (!::mkdtemp(folder.data())) throw std::runtime_error(folder + ": cannot create");
  folder_ = folder;
  start();
}

RedisServer::~RedisServer() {
  kill();
  fs::remove_all(folder_);
}

void RedisServer::start() {
  std::vector<std::string> words{
      "redis-server", "--port", "0",     "--unixsocket",  socket().string(), "--save", "",
      "--appendonly", "no",     "--dir", folder_.string()};
  words.insert(words.end(), options_.begin(), options_.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    const int nowhere = ::open("/dev/null", O_RDWR);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  for (int i = 0; i < 1000 && !answers(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  if (!answers()) throw std::runtime_error("redis-server does not start; is it installed?");
}

bool RedisServer::answers() const {
  const std::unique_ptr<redisContext, void (*)(redisContext*)> context(redisConnectUnix(socket().c_str()),
                                                                       &redisFree);
  return context && context->err == 0;
}

std::string RedisServer::say(const std::vector<std::string>& words) const {
  const std::unique_ptr<redisContext, void (*)(redisContext*)> context(redisConnectUnix(socket().c_str()),
                                                                       &redisFree);
  std::vector<const char*> starts;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    starts.push_back(word.data());
    sizes.push_back(word.size());
  }
  const std::unique_ptr<redisReply, void (*)(void*)> reply(
      static_cast<redisReply*>(
          redisCommandArgv(context.get(), static_cast<int>(words.size()), starts.data(), sizes.data())),
      &freeReplyObject);
  if (!reply) return context->errstr;
  if (reply->type == REDIS_REPLY_INTEGER) return std::to_string(reply->integer);
  return reply->str ? std::string(reply->str, static_cast<std::size_t>(reply->len)) : "";
}

void RedisServer::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::pause() { ::kill(pid_, SIGSTOP); }

void RedisServer::restart() {
  kill();
  start();
}

}  // namespace kvferry::test
