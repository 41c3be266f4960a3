// SPDX-License-Identifier: MIT
#include "transport/store/redis_link.h"

#include <hiredis/hiredis.h>
#include <pthread.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>

#include "protocol/base/printable.h"

namespace kvferry::store {
namespace {

constexpr timeval kConnectTimeout{5, 0};
constexpr const char* kPasswordVariable = "KVFERRY_REDIS_PASSWORD";

// The library writes to sockets that may have ended: an error, not the end of the process.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutPipeSignal() {
    const timespec at_once{};
    while (!was_pending_ && sigtimedwait(&pipe_, nullptr, &at_once) == -1 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

std::string text_of(const redisReply& reply) { return {reply.str, static_cast<std::size_t>(reply.len)}; }

// The values share the reply's memory.
RedisReply reply_from(const std::shared_ptr<redisReply>& owner, const redisReply& in) {
  RedisReply out;
  switch (in.type) {
    case REDIS_REPLY_INTEGER:
      out.kind = RedisReply::Kind::kNumber;
      out.number = in.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      out.kind = RedisReply::Kind::kText;
      out.bytes =
          Slice(owner, {reinterpret_cast<const std::uint8_t*>(in.str), static_cast<std::size_t>(in.len)});
      break;
    case REDIS_REPLY_ARRAY:
      out.kind = RedisReply::Kind::kList;
      for (std::size_t i = 0; i < in.elements; ++i) out.list.push_back(reply_from(owner, *in.element[i]));
      break;
    default:
      break;
  }
  return out;
}

// Without where in a script it was.
std::string complaint(const redisReply& reply) {
  const std::string text = text_of(reply);
  return printable(text.substr(0, text.find(" script: ")), 200);
}

bool names_a_key(const RedisLink::Words& words) {
  const std::string_view name(reinterpret_cast<const char*>(words[0].data()), words[0].size());
  return words.size() > 1 && name != "EVAL" && name != "AUTH" && name != "SELECT";
}

Error error_from(const RedisLink::Words& words, const redisReply& reply) {
  const Error said{complaint(reply)};
  return names_a_key(words) ? said.in(printable(std::string(words[1].begin(), words[1].end()), 120)) : said;
}

}  // namespace

struct RedisLink::Outcome {
  std::vector<RedisReply> replies;
  std::optional<Error> refused;  // by Redis; the connection is well
  std::optional<Error> broken;
  bool ended = false;  // by the other side
};

RedisLink::RedisLink(RedisAddress address, std::chrono::milliseconds patience)
    : address_(std::move(address)), patience_(patience), context_(nullptr, &redisFree) {
  if (const char* password = std::getenv(kPasswordVariable)) password_ = password;
}
RedisLink::~RedisLink() = default;

Error RedisLink::broken(const std::string& doing) const {
  const bool is_late = context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
  return Error{where() + ": " + doing + ": " + (is_late ? "no answer in time" : context_->errstr)};
}

Result<void> RedisLink::connect() {
  context_.reset(address_.host.empty()
                     ? redisConnectUnixWithTimeout(address_.socket.c_str(), kConnectTimeout)
                     : redisConnectWithTimeout(address_.host.c_str(), address_.port, kConnectTimeout));
  if (!context_) return Error{where() + ": no memory for a connection"};
  if (context_->err != 0) {
    const Error error = broken("cannot connect");
    context_.reset();
    return error;
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience_);
  const std::chrono::microseconds rest = patience_ - seconds;
  redisSetTimeout(context_.get(), {seconds.count(), rest.count()});
  auto greeted = greet();
  if (!greeted) context_.reset();
  return greeted;
}

Result<void> RedisLink::greet() {
  std::vector<Words> commands;
  const std::string database = std::to_string(address_.database);
  if (!password_.empty()) {
    Words words{as_bytes("AUTH")};
    if (!address_.user.empty()) words.push_back(as_bytes(address_.user));
    words.push_back(as_bytes(password_));
    commands.push_back(std::move(words));
  }
  commands.push_back({as_bytes("SELECT"), as_bytes(database)});
  const Outcome outcome = exchange(commands);
  if (outcome.broken) return *outcome.broken;
  if (outcome.refused) return outcome.refused->in(where());
  return {};
}

RedisLink::Outcome RedisLink::exchange(const std::vector<Words>& commands) {
  const WithoutPipeSignal hold;
  for (const Words& words : commands) {
    std::vector<const char*> starts;
    std::vector<std::size_t> sizes;
    for (const ByteView word : words) {
      starts.push_back(reinterpret_cast<const char*>(word.data()));
      sizes.push_back(word.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), starts.data(), sizes.data());
  }
  Outcome outcome;
  for (const Words& words : commands) {
    void* raw = nullptr;
    errno = 0;
    if (redisGetReply(context_.get(), &raw) != REDIS_OK) {
      outcome.broken = broken("the connection broke off");
      outcome.ended = context_->err == REDIS_ERR_EOF || errno == ECONNRESET || errno == EPIPE;
      context_.reset();
      return outcome;
    }
    const std::shared_ptr<redisReply> reply(static_cast<redisReply*>(raw), &freeReplyObject);
    if (reply->type == REDIS_REPLY_ERROR) {
      if (!outcome.refused) outcome.refused = error_from(words, *reply);
    } else {
      outcome.replies.push_back(reply_from(reply, *reply));
    }
  }
  return outcome;
}

// A connection that has been idle may have been ended meanwhile: that is no reason to fail. All that is asked
// may be asked twice.
Result<std::vector<RedisReply>> RedisLink::ask_all(const std::vector<Words>& commands) {
  for (bool was_open = context_ != nullptr;; was_open = false) {
    if (!context_) {
      if (auto connected = connect(); !connected) return connected.error();
    }
    Outcome outcome = exchange(commands);
    if (outcome.broken && outcome.ended && was_open) continue;
    if (outcome.broken) return *outcome.broken;
    if (outcome.refused) return outcome.refused->in(where());
    return std::move(outcome.replies);
  }
}

Result<RedisReply> RedisLink::ask(const Words& words) {
  auto replies = ask_all({words});
  if (!replies) return replies.error();
  return std::move((*replies)[0]);
}

}  // namespace kvferry::store
