// SPDX-License-Identifier: MIT
//
// Reads canonical msgpack without building anything: a bounded walk over the
// whole value first, then single tokens.
//
// Canonical: shortest integers and lengths, map keys unsigned and ascending (so
// never twice), no extension types, at most kMaxDepth levels, nothing after the
// value.
#pragma once

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry::msgpack_walk {

inline constexpr int kMaxDepth = 6;

enum class Kind : std::uint8_t {
  kNil,
  kBool,
  kUnsigned,
  kNegative,
  kFloat32,
  kFloat64,
  kText,
  kBytes,
  kArray,
  kMap
};

struct Token {
  Kind kind = Kind::kNil;
  std::uint64_t number = 0;    // value (bool, unsigned), bits (floats), count (arrays, maps)
  ByteView body;               // of text and bytes
  std::size_t size_bytes = 0;  // head and, for text and bytes, body
};

// The token that `in` begins with, in canonical form.
[[nodiscard]] Result<Token> read_token(ByteView in);

// Size in bytes of the whole value that `in` begins with, canonical all through.
[[nodiscard]] Result<std::size_t> value_size(ByteView in, int depth = kMaxDepth);

// `in` is exactly one canonical map.
[[nodiscard]] Result<void> check_map(ByteView in);

}  // namespace kvferry::msgpack_walk
