// SPDX-License-Identifier: MIT
//
// Tokens by which a server knows, without keeping anything, that a client
// receives what is sent to its address (RFC 9000 §8.1). Opaque to clients; ours:
//
//   version 1 | purpose | expiry, ns (8, little-endian) | HMAC-SHA256, first 16 bytes
//
// The HMAC covers the bytes before it, the address, and in a retry token the
// connection identifier.
#pragma once

#include <array>

#include "protocol/base/bytes.h"
#include "protocol/base/time.h"

namespace kvferry {

class AddressTokens {
 public:
  static constexpr std::size_t kKeyBytes = 32;
  static constexpr Duration kRetryLife = std::chrono::seconds(10);
  static constexpr Duration kNewLife = std::chrono::hours(24);

  // The key is a secret of the server. Tokens die with it, and with the clock that `now` is read from.
  explicit AddressTokens(const std::array<std::uint8_t, kKeyBytes>& key) : key_(key) {}

  // `address`: whatever bytes the driver knows a peer's address and port by.
  // For RETRY: opens one connection, soon.
  [[nodiscard]] Bytes make_retry(Time now, ByteView address, std::uint64_t connection_id) const;
  // For a later connection of the same client.
  [[nodiscard]] Bytes make_new(Time now, ByteView address) const;

  // Made here, for this address (and connection), and not too long ago.
  [[nodiscard]] bool accepts(Time now, ByteView address, std::uint64_t connection_id, ByteView token) const;

 private:
  enum class Purpose : std::uint8_t { kRetry = 0, kNew = 1 };

  [[nodiscard]] Bytes seal(Purpose purpose, Time expiry, ByteView address, std::uint64_t connection_id) const;

  std::array<std::uint8_t, kKeyBytes> key_;
};

}  // namespace kvferry
