// SPDX-License-Identifier: MIT
//
// An address as tokens are bound to it: whatever its form, a socket address made
// of its digest.
#pragma once

#include <netinet/in.h>

#include <algorithm>

#include "protocol/base/digest.h"
#include "transport/quic/ngtcp2_shim.h"

namespace kvferry::quic {

class TokenAddress {
 public:
  explicit TokenAddress(ByteView address) {
    address_.sin6_family = AF_INET6;
    const Digest digest = sha256(address);
    std::copy_n(digest.bytes.begin(), sizeof address_.sin6_addr.s6_addr, address_.sin6_addr.s6_addr);
  }
  [[nodiscard]] const ngtcp2_sockaddr* get() const {
    return reinterpret_cast<const ngtcp2_sockaddr*>(&address_);
  }
  [[nodiscard]] static constexpr ngtcp2_socklen size_bytes() { return sizeof(sockaddr_in6); }

 private:
  sockaddr_in6 address_{};
};

}  // namespace kvferry::quic
