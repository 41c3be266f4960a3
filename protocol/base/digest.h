// SPDX-License-Identifier: MIT
//
// SHA-256 digests: chunks, pages and cards are named by them.
#pragma once

#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

struct Digest {
  static constexpr std::size_t kBytes = 32;
  std::array<std::uint8_t, kBytes> bytes{};

  auto operator<=>(const Digest&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 sees one

  [[nodiscard]] ByteView view() const { return bytes; }
  [[nodiscard]] std::string hex() const;  // 64 lower-case digits

  // 64 hexadecimal digits, nothing else.
  [[nodiscard]] static Result<Digest> from_hex(std::string_view text);
  [[nodiscard]] static Digest from_bytes(ByteView raw);  // raw holds exactly kBytes bytes
};

[[nodiscard]] Digest sha256(ByteView bytes);

}  // namespace kvferry
