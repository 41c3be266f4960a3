// SPDX-License-Identifier: MIT
#include "protocol/card/card.h"

#include "protocol/card/card_layout.h"
#include "protocol/card/shared_chunks.h"

namespace kvferry {

Digest Card::digest() const { return encode_manifest(manifest).digest(); }

Result<void> Card::verify() const {
  if (auto checked = manifest.validate(); !checked) return checked;
  if (chunks.size() != manifest.chunks.size()) {
    return Error{"card: " + std::to_string(chunks.size()) + " payloads, the table has " +
                 std::to_string(manifest.chunks.size()) + " chunks"};
  }
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const ChunkInfo& info = manifest.chunks[i];
    if (chunks[i].size() != info.size_bytes) {
      return Error{"card: chunk " + std::to_string(i) + " has " + std::to_string(chunks[i].size()) +
                   " bytes, expected " + std::to_string(info.size_bytes)};
    }
    Digest found = sha256(chunks[i].view());
    if (found != info.digest) {
      return Error{"card: chunk " + std::to_string(i) + " has digest " + found.hex() + ", expected " +
                   info.digest.hex()};
    }
  }
  return {};
}

std::uint64_t Card::file_bytes() const {
  return card_preamble(encode_manifest(manifest)).size() + manifest.payload_bytes();
}

void add_chunk(Card& card, ChunkInfo info, Slice payload) {
  info.size_bytes = static_cast<std::uint32_t>(payload.size());
  info.digest = sha256(payload.view());
  card.manifest.chunks.push_back(info);
  card.chunks.push_back(std::move(payload));
}

Result<Slice> CardSource::chunk(std::uint32_t index) {
  if (index >= card_.chunks.size()) return Error{"card: no chunk " + std::to_string(index)};
  return card_.chunks[index];
}

Result<void> CardSink::begin(const Manifest& manifest) {
  std::uint64_t total = manifest.payload_bytes();
  if (total > max_bytes_) {
    return Error{"too large: " + std::to_string(total) + " bytes, limit " + std::to_string(max_bytes_)};
  }
  card_.manifest = manifest;
  card_.chunks.resize(manifest.chunks.size());
  return {};
}

Result<void> CardSink::chunk(std::uint32_t index, Slice payload) {
  card_.chunks[index] = std::move(payload);
  return {};
}

Result<void> CardSink::finish(bool whole) {
  if (!whole) return {};
  if (auto checked = card_.verify(); !checked) return checked;  // chunks that were held before, too
  whole_ = true;
  return {};
}

ChunkRanges CardSink::held(const Manifest& manifest) {
  ChunkRanges held;
  if (!base_) return held;
  const ChunksByDigest places(base_->manifest);
  for (std::uint32_t i = 0; i < manifest.chunks.size(); ++i) {
    const auto place = places.find(manifest.chunks[i]);
    if (!place) continue;
    card_.chunks[i] = base_->chunks[*place];
    held.add(i);
  }
  return held;
}

void CardSink::abandon(const std::string& reason) { abandoned_ = reason; }

void CardSink::hold(std::uint32_t index, Slice payload) {
  if (card_.chunks.size() <= index) card_.chunks.resize(index + 1);
  card_.chunks[index] = std::move(payload);
}

}  // namespace kvferry
