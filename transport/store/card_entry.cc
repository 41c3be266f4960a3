// SPDX-License-Identifier: MIT
#include "transport/store/card_entry.h"

#include <algorithm>

#include "protocol/base/crc32c.h"
#include "transport/store/manifest_parts.h"

namespace kvferry::store {
namespace {

constexpr std::uint8_t kEntryMagic[8] = {0x89, 'K', 'V', 'P', 'O', 'O', 'L', 0x0A};
constexpr std::uint32_t kEntryVersion = 1;
constexpr std::size_t kChecksumBytes = 4;

// The file without its checksum.
Result<ByteView> checked_body(ByteView file) {
  if (file.size() < sizeof kEntryMagic + 4 + kChecksumBytes)
    return Error{"truncated to " + std::to_string(file.size()) + " bytes, expected a card's entry"};
  if (!std::equal(std::begin(kEntryMagic), std::end(kEntryMagic), file.begin()))
    return Error{"byte 0: no card's entry, expected the magic 89 4b 56 50 4f 4f 4c 0a"};
  const auto version = load_le<std::uint32_t>(file.data() + sizeof kEntryMagic);
  if (version != kEntryVersion) {
    return Error{"byte 8: version " + std::to_string(version) + ", expected " +
                 std::to_string(kEntryVersion)};
  }
  const ByteView body = file.first(file.size() - kChecksumBytes);
  if (crc32c(body) != load_le<std::uint32_t>(file.data() + body.size()))
    return Error{"damaged or truncated, its checksum differs from the one at its end"};
  return body;
}

Result<void> take_places(ByteReader& in, CardEntry& entry) {
  const auto packs = take_part(in, "packs", entry.manifest.chunks.size() * Digest::kBytes);
  if (!packs) return packs.error();
  if (packs->size() % Digest::kBytes != 0)
    return Error{"packs: " + std::to_string(packs->size()) + " bytes, expected digests of 32"};
  for (std::size_t at = 0; at < packs->size(); at += Digest::kBytes)
    entry.packs.push_back(Digest::from_bytes(packs->subspan(at, Digest::kBytes)));
  for (std::size_t i = 0; i < entry.manifest.chunks.size(); ++i) {
    const auto pack = in.take_le<std::uint32_t>();
    const auto offset = in.take_le<std::uint64_t>();
    if (!pack || !offset || *pack >= entry.packs.size())
      return Error{"place of chunk " + std::to_string(i) + ": missing or in no pack"};
    entry.places.push_back({*pack, *offset});
  }
  if (!in.at_end()) return Error{"byte " + std::to_string(in.position()) + ": more than a card's entry"};
  return {};
}

}  // namespace

std::uint32_t CardEntry::index_of(const Digest& pack) {
  const auto found = std::find(packs.begin(), packs.end(), pack);
  if (found != packs.end()) return static_cast<std::uint32_t>(found - packs.begin());
  packs.push_back(pack);
  return static_cast<std::uint32_t>(packs.size() - 1);
}

Bytes serialize_entry(const CardEntry& entry) {
  Bytes out(std::begin(kEntryMagic), std::end(kEntryMagic));
  put_le(out, kEntryVersion);
  put_manifest(out, entry.manifest);
  Bytes packs;
  for (const Digest& pack : entry.packs) append(packs, pack.view());
  put_part(out, packs);
  for (const ChunkPlace& place : entry.places) {
    put_le(out, place.pack);
    put_le(out, place.offset);
  }
  put_le(out, crc32c(out));
  return out;
}

Result<CardEntry> parse_entry(ByteView file, const Digest& card) {
  const auto body = checked_body(file);
  if (!body) return body.error();
  ByteReader in(body->subspan(sizeof kEntryMagic + 4));
  auto manifest = take_manifest(in, card);
  if (!manifest) return manifest.error();
  CardEntry entry{std::move(*manifest), {}, {}};
  if (auto taken = take_places(in, entry); !taken) return taken.error();
  return entry;
}

}  // namespace kvferry::store
