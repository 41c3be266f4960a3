// SPDX-License-Identifier: MIT
#include "tests/transport/quic/http3.h"

#include <deque>

#include "protocol/base/varint.h"

namespace kvferry::test {
namespace {

constexpr std::uint64_t kControlStream = 0x00;
constexpr std::uint64_t kSettings = 0x04;
constexpr std::uint32_t kOurControlStream = 1;

Bytes frame(std::uint64_t type, const std::string& body) {
  Bytes bytes;
  put_varint(bytes, type);
  put_varint(bytes, body.size());
  append(bytes, as_bytes(body));
  return bytes;
}

// A field whose name is in the static table, as its value stands (RFC 9204, 4.5.4).
std::string literal(std::uint8_t name, const std::string& value) {
  return std::string{static_cast<char>(0x50 | name), static_cast<char>(value.size())} + value;
}

std::string request_fields(const std::string& path) {
  const std::string none_of_the_dynamic_table("\0\0", 2), get = "\xd1", https = "\xd7";
  return none_of_the_dynamic_table + get + https + literal(0, "localhost") + literal(1, path);
}

std::string response_fields(std::size_t size_bytes) {
  return std::string("\0\0", 2) + kHttp3Ok + literal(4, std::to_string(size_bytes));
}

Bytes control_stream() {
  Bytes bytes;
  put_varint(bytes, kControlStream);
  append(bytes, frame(kSettings, ""));
  return bytes;
}

class Http3 : public OtherProtocol {
 public:
  explicit Http3(Http3Log& log) : log_(log) { out_.push_back({kOurControlStream, control_stream()}); }
  void handle_bytes(std::uint32_t stream, ByteView bytes, bool last) override {
    log_.add(stream, bytes);
    if (stream == 0 && last) on_request_end();
  }
  std::optional<Output> poll_transmit() override {
    if (out_.empty()) return std::nullopt;
    Output next = std::move(out_.front());
    out_.pop_front();
    return next;
  }

 protected:
  virtual void on_request_end() { log_.end_request(); }
  void say(std::uint64_t type, const std::string& body) { out_.push_back({0, frame(type, body)}); }

 private:
  Http3Log& log_;
  std::deque<Output> out_;
};

class Client final : public Http3 {
 public:
  Client(Http3Log& log, const std::string& path) : Http3(log) { say(kHttp3Headers, request_fields(path)); }
};

class Server final : public Http3 {
 public:
  Server(Http3Log& log, const std::string& body) : Http3(log), body_(body) {}

 private:
  void on_request_end() override {
    say(kHttp3Headers, response_fields(body_.size()));
    say(kHttp3Data, body_);
    Http3::on_request_end();
  }
  std::string body_;
};

}  // namespace

void Http3Log::add(std::uint32_t stream, ByteView bytes) {
  const std::lock_guard lock(mutex_);
  heard_[stream].append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void Http3Log::end_request() {
  const std::lock_guard lock(mutex_);
  request_has_ended_ = true;
}

std::string Http3Log::heard(std::uint32_t stream) const {
  const std::lock_guard lock(mutex_);
  const auto found = heard_.find(stream);
  return found == heard_.end() ? std::string() : found->second;
}

std::size_t Http3Log::heard_bytes() const {
  const std::lock_guard lock(mutex_);
  std::size_t total = 0;
  for (const auto& [stream, bytes] : heard_) total += bytes.size();
  return total;
}

bool Http3Log::request_has_ended() const {
  const std::lock_guard lock(mutex_);
  return request_has_ended_;
}

bool Http3Log::has_settings() const {
  const std::lock_guard lock(mutex_);
  for (const auto& [stream, bytes] : heard_) {
    ByteReader in(as_bytes(bytes));
    if (stream != 0 && in.take_varint() == kControlStream && in.take_varint() == kSettings) return true;
  }
  return false;
}

std::string Http3Log::frames(std::uint64_t wanted) const {
  const std::string bytes = heard(0);
  ByteReader in(as_bytes(bytes));
  std::string found;
  while (!in.rest().empty()) {
    const auto type = in.take_varint();
    const auto length = in.take_varint();
    if (!type || !length || *length > in.rest().size()) return {};
    const auto body = in.take(*length);
    if (*type == wanted) found.append(reinterpret_cast<const char*>(body->data()), body->size());
  }
  return found;
}

OtherProtocolChoice http3_client(Http3Log& log, const std::string& path) {
  return {"h3", [&log, path] { return std::make_unique<Client>(log, path); }};
}

OtherProtocolChoice http3_server(Http3Log& log, std::string body) {
  return {"h3", [&log, body = std::move(body)] { return std::make_unique<Server>(log, body); }};
}

}  // namespace kvferry::test
