// SPDX-License-Identifier: MIT
//
// Variable-length integers as in QUIC (RFC 9000 §16): 1, 2, 4 or 8 bytes, most
// significant first, the top two bits of the first byte saying which. Only the
// shortest form is accepted.
#pragma once

#include <optional>

#include "protocol/base/bytes.h"

namespace kvferry {

inline constexpr std::uint64_t kVarintMax = (std::uint64_t{1} << 62) - 1;

// Encoded size in bytes of a value of at most kVarintMax.
[[nodiscard]] constexpr std::size_t varint_size(std::uint64_t value) {
  return value < 0x40 ? 1 : value < 0x4000 ? 2 : value < 0x40000000 ? 4 : 8;
}

// Appends; value must be at most kVarintMax.
void put_varint(Bytes& out, std::uint64_t value);

enum class VarintError { kNone, kTruncated, kNotShortest };

struct VarintRead {
  std::uint64_t value = 0;
  std::size_t size_bytes = 0;  // bytes consumed
  VarintError error = VarintError::kNone;
};

[[nodiscard]] VarintRead read_varint(ByteView in);

// A cursor over borrowed bytes: every take_* returns nothing once something was
// missing or malformed, and the cursor stays failed.
class ByteReader {
 public:
  explicit ByteReader(ByteView in) : in_(in) {}

  [[nodiscard]] std::optional<std::uint64_t> take_varint();
  [[nodiscard]] std::optional<ByteView> take(std::uint64_t size_bytes);
  template <typename Integer>
  [[nodiscard]] std::optional<Integer> take_le() {
    auto raw = take(sizeof(Integer));
    if (!raw) return std::nullopt;
    return load_le<Integer>(raw->data());
  }

  [[nodiscard]] ByteView rest() const { return in_.subspan(at_); }
  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] bool at_end() const { return !failed_ && at_ == in_.size(); }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  ByteView in_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace kvferry
