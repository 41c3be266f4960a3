// SPDX-License-Identifier: MIT
#include "protocol/datagram/address_token.h"

#include <nettle/hmac.h>
#include <nettle/memops.h>

namespace kvferry {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeadBytes = 1 + 1 + 8;
constexpr std::size_t kMacBytes = 16;

}  // namespace

Bytes AddressTokens::seal(Purpose purpose, Time expiry, ByteView address, std::uint64_t connection_id) const {
  Bytes token{kVersion, static_cast<std::uint8_t>(purpose)};
  put_le(token, expiry.time_since_epoch().count());
  Bytes covered = token;
  append(covered, address);
  if (purpose == Purpose::kRetry) put_le(covered, connection_id);

  hmac_sha256_ctx context;
  hmac_sha256_set_key(&context, key_.size(), key_.data());
  hmac_sha256_update(&context, covered.size(), covered.data());
  token.resize(kHeadBytes + kMacBytes);
  hmac_sha256_digest(&context, kMacBytes, token.data() + kHeadBytes);
  return token;
}

Bytes AddressTokens::make_retry(Time now, ByteView address, std::uint64_t connection_id) const {
  return seal(Purpose::kRetry, now + kRetryLife, address, connection_id);
}

Bytes AddressTokens::make_new(Time now, ByteView address) const {
  return seal(Purpose::kNew, now + kNewLife, address, 0);
}

bool AddressTokens::accepts(Time now, ByteView address, std::uint64_t connection_id, ByteView token) const {
  if (token.size() != kHeadBytes + kMacBytes) return false;
  auto purpose = static_cast<Purpose>(token[1]);
  if (purpose != Purpose::kRetry && purpose != Purpose::kNew) return false;
  Time expiry = time_from_ns(load_le<std::int64_t>(token.data() + 2));
  Bytes genuine = seal(purpose, expiry, address, connection_id);
  return memeql_sec(genuine.data(), token.data(), token.size()) != 0 && now < expiry;
}

}  // namespace kvferry
