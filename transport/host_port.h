// SPDX-License-Identifier: MIT
//
// "HOST:PORT" as people write it: 127.0.0.1:4433, [::1]:4433, box.example:4433.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "transport/asio.h"

namespace kvferry {

struct HostPort {
  std::string host;
  std::uint16_t port = 0;

  // Port 0 is accepted: listening on it picks a free one.
  [[nodiscard]] static Result<HostPort> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
};

template <typename Protocol>
[[nodiscard]] HostPort host_port(const asio::ip::basic_endpoint<Protocol>& endpoint) {
  return {endpoint.address().to_string(), endpoint.port()};
}

// Addresses of the host, numeric or looked up. A lookup that takes longer than the timeout is left behind.
[[nodiscard]] Result<std::vector<tcp::endpoint>> resolve(const HostPort& where,
                                                         std::chrono::nanoseconds timeout);

// What a token for a later connection is bound to.
[[nodiscard]] Bytes host_bytes(const udp::endpoint& endpoint);

}  // namespace kvferry
