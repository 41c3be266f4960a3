// SPDX-License-Identifier: MIT
#include "protocol/base/digest.h"

#include <nettle/sha2.h>

#include <algorithm>
#include <cassert>

namespace kvferry {

std::string Digest::hex() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * kBytes);
  for (std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

Result<Digest> Digest::from_hex(std::string_view text) {
  Digest digest;
  if (text.size() != 2 * kBytes) {
    return Error{"digest: " + std::to_string(text.size()) + " characters, expected 64 hexadecimal digits"};
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    int value = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (value < 0) {
      return Error{"digest: character " + std::to_string(i + 1) + " is no hexadecimal digit"};
    }
    digest.bytes[i / 2] = static_cast<std::uint8_t>(digest.bytes[i / 2] << 4 | value);
  }
  return digest;
}

Digest Digest::from_bytes(ByteView raw) {
  assert(raw.size() == kBytes);
  Digest digest;
  std::copy(raw.begin(), raw.end(), digest.bytes.begin());
  return digest;
}

Digest sha256(ByteView bytes) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes.size(), bytes.data());
  Digest digest;
  sha256_digest(&context, digest.bytes.size(), digest.bytes.data());
  return digest;
}

}  // namespace kvferry
