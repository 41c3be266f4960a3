// SPDX-License-Identifier: MIT
#include "transport/store/redis_address.h"

#include <charconv>

namespace kvferry {
namespace {

constexpr std::string_view kTcp = "redis://";
constexpr std::string_view kUnix = "redis+unix://";
constexpr std::uint32_t kMaxDatabase = 65535;

bool begins_with(std::string_view text, std::string_view beginning) {
  return text.substr(0, beginning.size()) == beginning;
}

// The whole text, at most max.
bool read_number(std::string_view text, std::uint32_t max, std::uint32_t& out) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() && out <= max;
}

Error wrong(std::string_view text) {
  return Error{"'" + std::string(text) +
               "': expected redis://HOST:PORT, redis://USER@HOST:PORT/DATABASE or redis+unix:///SOCKET"};
}

}  // namespace

bool RedisAddress::is_one(std::string_view text) {
  return begins_with(text, kTcp) || begins_with(text, kUnix);
}

Result<RedisAddress> RedisAddress::parse(std::string_view text) {
  RedisAddress out;
  if (begins_with(text, kUnix)) {
    out.socket = text.substr(kUnix.size());
    if (out.socket.size() < 2 || out.socket[0] != '/') return wrong(text);
    return out;
  }
  if (!begins_with(text, kTcp)) return wrong(text);
  std::string_view rest = text.substr(kTcp.size());
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    if (!read_number(rest.substr(slash + 1), kMaxDatabase, out.database)) return wrong(text);
    rest = rest.substr(0, slash);
  }
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    out.user = rest.substr(0, at);
    // Who lists processes sees their words.
    if (out.user.find(':') != std::string::npos)
      return Error{"a password in an address is seen by everyone, expected it in KVFERRY_REDIS_PASSWORD"};
    rest = rest.substr(at + 1);
  }
  const auto colon = rest.rfind(':');
  std::uint32_t port = 0;
  if (colon == std::string_view::npos || colon == 0 || !read_number(rest.substr(colon + 1), 65535, port) ||
      port == 0)
    return wrong(text);
  out.host = rest.substr(0, colon);
  out.port = static_cast<std::uint16_t>(port);
  if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']')
    out.host = out.host.substr(1, out.host.size() - 2);
  return out;
}

std::string RedisAddress::text() const {
  if (!socket.empty()) return std::string(kUnix) + socket;
  const std::string at = user.empty() ? "" : user + "@";
  const std::string where = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return std::string(kTcp) + at + where + ":" + std::to_string(port) +
         (database == 0 ? "" : "/" + std::to_string(database));
}

}  // namespace kvferry
