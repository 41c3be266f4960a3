// SPDX-License-Identifier: MIT
//
// The library tells paths apart by socket addresses. A session knows no sockets:
// every path is a made-up address that holds its number.
#pragma once

#include <netinet/in.h>

#include "protocol/connection/connection.h"
#include "transport/quic/ngtcp2_shim.h"

namespace kvferry::quic {

class PathAddress {
 public:
  explicit PathAddress(PathId path) {
    local_.sin6_family = remote_.sin6_family = AF_INET6;
    for (std::size_t i = 0; i < sizeof path; ++i)
      remote_.sin6_addr.s6_addr[i] = static_cast<std::uint8_t>(path >> (8 * i));
  }
  // Borrows from this.
  [[nodiscard]] ngtcp2_path path() {
    return {{reinterpret_cast<ngtcp2_sockaddr*>(&local_), sizeof local_},
            {reinterpret_cast<ngtcp2_sockaddr*>(&remote_), sizeof remote_},
            nullptr};
  }
  [[nodiscard]] static PathId id_of(const ngtcp2_path& path) {
    const auto* address = reinterpret_cast<const sockaddr_in6*>(path.remote.addr);
    return load_le<PathId>(address->sin6_addr.s6_addr);
  }

 private:
  sockaddr_in6 local_{};
  sockaddr_in6 remote_{};
};

}  // namespace kvferry::quic
