// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/arriving_card.h"

#include <system_error>

namespace kvferry {

std::string ArrivingCard::what_is_kept() const {
  std::error_code ignored;
  const std::filesystem::path part = part_file();
  if (part.empty() || !std::filesystem::exists(part, ignored)) return {};
  return "; what came is kept in " + part.string() + ", and the same command goes on from there";
}

void ArrivingCard::begin_count(const Manifest& manifest) {
  payload_bytes_ = manifest.payload_bytes();
  held_bytes_ = 0;
}

void ArrivingCard::count_held(const Manifest& manifest, const ChunkRanges& held) {
  held.for_each([&](std::uint32_t index) { held_bytes_ += manifest.chunks[index].size_bytes; });
}

ChunkRanges every_chunk(const Manifest& manifest) {
  ChunkRanges all;
  for (std::uint32_t i = 0; i < manifest.chunks.size(); ++i) all.add(i);
  return all;
}

}  // namespace kvferry
