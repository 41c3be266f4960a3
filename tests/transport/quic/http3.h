// SPDX-License-Identifier: MIT
//
// Of HTTP/3 (RFC 9114) so much that programs which speak nothing else can be
// talked with: one request, one response, no compression.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "transport/quic/other_protocol.h"

namespace kvferry::test {

// What one side has heard. Written on the thread of its session, read on the test's.
class Http3Log {
 public:
  void add(std::uint32_t stream, ByteView bytes);
  void end_request();
  [[nodiscard]] std::string heard(std::uint32_t stream) const;  // of data streams and, as 0, the request's
  [[nodiscard]] std::size_t heard_bytes() const;
  [[nodiscard]] bool request_has_ended() const;
  // The peer's control stream, found by its type, begins with SETTINGS.
  [[nodiscard]] bool has_settings() const;
  // All of one type's frames on the request's stream, one after the other; nothing while a frame is not
  // whole.
  [[nodiscard]] std::string frames(std::uint64_t type) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uint32_t, std::string> heard_;
  bool request_has_ended_ = false;
};

// Sends SETTINGS and a GET, and nothing after.
[[nodiscard]] OtherProtocolChoice http3_client(Http3Log& log, const std::string& path);
// Sends SETTINGS and, once the request has ended, this body.
[[nodiscard]] OtherProtocolChoice http3_server(Http3Log& log, std::string body);

inline constexpr std::uint64_t kHttp3Data = 0x00;
inline constexpr std::uint64_t kHttp3Headers = 0x01;
inline constexpr char kHttp3Ok[] = "\xd9";  // :status 200, from the static table of RFC 9204

}  // namespace kvferry::test
