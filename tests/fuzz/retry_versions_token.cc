// SPDX-License-Identifier: MIT
//
// which (8 bits) | a RETRY or VERSIONS packet without its CRC32C, or a token: what opens seals to the same
// bytes; a token that nobody made is not accepted, and one that was made only as it was.
#include <algorithm>

#include "protocol/datagram/address_token.h"
#include "protocol/datagram/retry_packet.h"
#include "tests/fuzz/checksums.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

static void try_token(ByteView token) {
  static const AddressTokens tokens({1, 2, 3});
  const Time now = time_from_ns(1'000'000'000);
  const ByteView address = as_bytes("192.0.2.1:7");
  static const Bytes retry = tokens.make_retry(now, address, 5);
  static const Bytes fresh = tokens.make_new(now, address);
  const bool made = std::ranges::equal(token, retry) || std::ranges::equal(token, fresh);
  fuzz::require(tokens.accepts(now, address, 5, token) == made, "accepted if it was made here");
}

FUZZ_TARGET(retry_versions_token) {
  if (input.empty()) return;
  const ByteView rest = input.subspan(1);
  if (input[0] % 3 == 2) return try_token(rest);
  constexpr std::size_t kHeadBytes = 1 + 8;
  const Bytes datagram =
      input[0] < 128 ? fuzz::with_right_checksum(rest, kHeadBytes) : Bytes(rest.begin(), rest.end());
  if (const auto retry = open_retry(datagram)) {
    fuzz::require(!retry->token.empty() && retry->token.size() <= kMaxTokenBytes, "1 to 64 bytes");
    fuzz::require(std::ranges::equal(seal_retry(*retry), datagram), "sealed again, the same bytes");
  }
  if (const auto versions = open_versions(datagram)) {
    fuzz::require(!versions->kinds.empty() && versions->kinds.size() <= kMaxVersions, "1 to 8 kinds");
    fuzz::require(std::ranges::equal(seal_versions(*versions), datagram), "sealed again, the same bytes");
  }
}
