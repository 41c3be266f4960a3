// SPDX-License-Identifier: MIT
#include "codec/chunk/chunk_header.h"

#include <algorithm>
#include <string>

namespace kvferry {
namespace {

constexpr std::size_t kMapBits = 2;  // a row
constexpr std::size_t kRowsPerByte = 8 / kMapBits;
constexpr std::size_t kMaxRun = 255;

Error cut(const char* what) { return {std::string(what) + " is cut off"}; }

void put_row_map(const std::vector<std::uint8_t>& rows, Bytes& out) {
  const std::size_t begin = out.size();
  out.resize(begin + (rows.size() + kRowsPerByte - 1) / kRowsPerByte);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    out[begin + row / kRowsPerByte] |=
        static_cast<std::uint8_t>(rows[row] << (kMapBits * (row % kRowsPerByte)));
  }
}

Result<void> parse_row_map(ByteReader& in, std::uint32_t segments, std::vector<std::uint8_t>& rows) {
  const auto map = in.take((rows.size() + kRowsPerByte - 1) / kRowsPerByte);
  if (!map) return cut("row map");
  std::size_t counts[kMaxSegments] = {};
  for (std::size_t row = 0; row < map->size() * kRowsPerByte; ++row) {
    const unsigned segment = ((*map)[row / kRowsPerByte] >> (kMapBits * (row % kRowsPerByte))) & 3U;
    if (row >= rows.size()) {
      if (segment != 0) return Error{"row map: unused bits are set, expected zero"};
      continue;
    }
    if (segment >= segments) {
      return Error{"row map: row " + std::to_string(row) + " is of segment " + std::to_string(segment) +
                   ", expected below " + std::to_string(segments)};
    }
    rows[row] = static_cast<std::uint8_t>(segment);
    ++counts[segment];
  }
  for (std::uint32_t segment = 0; segment < segments; ++segment) {
    if (counts[segment] == 0) {
      return Error{"row map: segment " + std::to_string(segment) + " has no rows, expected at least one"};
    }
  }
  return {};
}

Result<void> parse_codings(ByteReader& in, std::size_t count, std::vector<BlockCoding>& codings) {
  while (codings.size() < count) {
    const auto run = in.take_le<std::uint8_t>();
    const auto bytes = in.take(kBlockCodingBytes);
    if (!run || !bytes) return cut("block codings");
    if (*run == 0 || *run > count - codings.size()) {
      return Error{"block codings: a run of " + std::to_string(*run) + ", expected 1 to " +
                   std::to_string(count - codings.size())};
    }
    const auto coding = parse_block_coding(*bytes);
    if (!coding) return coding.error().in("block " + std::to_string(codings.size()));
    codings.insert(codings.end(), *run, *coding);
  }
  return {};
}

}  // namespace

std::vector<std::uint32_t> ChunkHeader::rows_of(std::size_t segment) const {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < row_segment.size(); ++row) {
    if (row_segment[row] == segment) rows.push_back(row);
  }
  return rows;
}

void ChunkHeader::serialize(Bytes& out) const {
  out.push_back(static_cast<std::uint8_t>(coder));
  out.push_back(static_cast<std::uint8_t>(segments));
  if (segments > 1) put_row_map(row_segment, out);
  for (std::size_t i = 0; i < codings.size();) {
    std::size_t end = i + 1;
    while (end < codings.size() && end - i < kMaxRun && codings[end] == codings[i]) ++end;
    out.push_back(static_cast<std::uint8_t>(end - i));
    put_block_coding(codings[i], out);
    i = end;
  }
}

Result<ChunkHeader> ChunkHeader::parse(ByteReader& in, std::size_t layers, std::size_t rows) {
  const auto coder = in.take_le<std::uint8_t>();
  const auto segments = in.take_le<std::uint8_t>();
  if (!segments) return cut("header");
  if (*coder > static_cast<std::uint8_t>(EntropyCoder::kRansAdaptive)) {
    return Error{"entropy coder is " + std::to_string(*coder) + ", expected 0 to 4"};
  }
  if (*segments == 0 || *segments > std::min(kMaxSegments, rows)) {
    return Error{"segments: " + std::to_string(*segments) + ", expected 1 to " +
                 std::to_string(std::min(kMaxSegments, rows))};
  }
  ChunkHeader header;
  header.coder = static_cast<EntropyCoder>(*coder);
  header.segments = *segments;
  header.row_segment.resize(rows);
  if (header.segments > 1) {
    if (auto parsed = parse_row_map(in, header.segments, header.row_segment); !parsed) return parsed.error();
  }
  if (auto parsed = parse_codings(in, 2 * layers * header.segments, header.codings); !parsed) {
    return parsed.error();
  }
  return header;
}

}  // namespace kvferry
