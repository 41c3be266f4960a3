// SPDX-License-Identifier: MIT
//
// Where a Redis is, as people write it: redis://[USER@]HOST:PORT[/DATABASE] or redis+unix:///SOCKET.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace kvferry {

struct RedisAddress {
  std::string host;  // empty: a socket
  std::uint16_t port = 6379;
  std::string socket;
  std::uint32_t database = 0;
  std::string user;  // empty: the default one

  [[nodiscard]] static bool is_one(std::string_view text);
  [[nodiscard]] static Result<RedisAddress> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
};

}  // namespace kvferry
