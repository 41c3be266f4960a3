// SPDX-License-Identifier: MIT
#include "protocol/card/chunk_info.h"

#include <cmath>
#include <optional>

#include "protocol/base/varint.h"

namespace kvferry {
namespace {

constexpr std::uint8_t kRefinesBit = 0x04;  // of the kind byte; its two low bits are the tensor part

void put_entry(Bytes& out, const ChunkInfo& chunk) {
  append(out, chunk.digest.view());
  put_varint(out, chunk.size_bytes);
  put_varint(out, chunk.layer_begin);
  put_varint(out, chunk.layer_count);
  put_varint(out, chunk.row_begin);
  put_varint(out, chunk.row_count);
  auto kind = static_cast<std::uint8_t>(chunk.tensor);
  out.push_back(static_cast<std::uint8_t>(kind | (chunk.refines ? kRefinesBit : 0)));
  out.push_back(chunk.level);
  std::uint32_t bits = 0;
  std::memcpy(&bits, &chunk.importance, sizeof bits);
  put_le(out, bits);
}

std::optional<std::uint32_t> take_count(ByteReader& in) {
  auto value = in.take_varint();
  if (!value || *value >= (std::uint64_t{1} << 30))
    return std::nullopt;  // so that sums of two stay in 32 bits
  return static_cast<std::uint32_t>(*value);
}

std::optional<ChunkInfo> take_entry(ByteReader& in) {
  ChunkInfo chunk;
  auto digest = in.take(Digest::kBytes);
  if (!digest) return std::nullopt;
  chunk.digest = Digest::from_bytes(*digest);
  for (std::uint32_t* field :
       {&chunk.size_bytes, &chunk.layer_begin, &chunk.layer_count, &chunk.row_begin, &chunk.row_count}) {
    auto value = take_count(in);
    if (!value) return std::nullopt;
    *field = *value;
  }
  auto kind = in.take_le<std::uint8_t>();
  auto level = in.take_le<std::uint8_t>();
  auto bits = in.take_le<std::uint32_t>();
  if (!bits || (*kind & ~7) != 0) return std::nullopt;
  chunk.tensor = static_cast<TensorPart>(*kind & 3);
  chunk.refines = (*kind & kRefinesBit) != 0;
  chunk.level = *level;
  std::memcpy(&chunk.importance, &*bits, sizeof chunk.importance);
  if (!std::isfinite(chunk.importance)) return std::nullopt;
  return chunk;
}

}  // namespace

Bytes serialize_page(std::span<const ChunkInfo> entries) {
  Bytes out;
  out.reserve(entries.size() * 50);
  for (const ChunkInfo& chunk : entries) put_entry(out, chunk);
  return out;
}

Result<void> parse_page(ByteView page, std::size_t count, std::vector<ChunkInfo>& out) {
  ByteReader in(page);
  for (std::size_t i = 0; i < count; ++i) {
    auto chunk = take_entry(in);
    if (!chunk) return Error{"page: entry " + std::to_string(i) + " is malformed"};
    out.push_back(*chunk);
  }
  if (!in.at_end()) return Error{"page: bytes after entry " + std::to_string(count - 1)};
  return {};
}

}  // namespace kvferry
