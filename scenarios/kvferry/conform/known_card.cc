// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/conform/known_card.h"

#include <algorithm>

#include "scenarios/kvferry/conform/verdict.h"

namespace kvferry::conform {

std::uint64_t KnownCard::largest_bytes() const {
  const auto largest =
      std::max_element(manifest.chunks.begin(), manifest.chunks.end(),
                       [](const ChunkInfo& a, const ChunkInfo& b) { return a.size_bytes < b.size_bytes; });
  return largest == manifest.chunks.end() ? 0 : largest->size_bytes;
}

ChunkRanges KnownCard::all() const {
  ChunkRanges ranges;
  for (std::uint32_t chunk = 0; chunk < chunks(); ++chunk) ranges.add(chunk);
  return ranges;
}

Manifest manifest_of(const Reception& reception) {
  expect(reception.manifest.has_value(), "no MANIFEST came");
  auto assembler = ManifestAssembler::from_root(reception.manifest->root, Limits{});
  if (!assembler) throw CheckFailed("the root is not valid: " + assembler.error().message);
  for (const auto& [index, page] : reception.pages) {
    if (auto added = assembler->add_page(index, page); !added)
      throw CheckFailed("page " + std::to_string(index) + " is not valid: " + added.error().message);
  }
  expect(assembler->complete(), "only " + std::to_string(reception.pages.size()) + " of " +
                                    std::to_string(assembler->page_count()) + " pages came");
  auto manifest = assembler->take();
  if (!manifest) throw CheckFailed("the manifest is not valid: " + manifest.error().message);
  return std::move(*manifest);
}

void expect_digest(const Reception& reception, const Manifest& manifest, std::uint32_t chunk,
                   ByteView prefix) {
  const ChunkInfo& info = manifest.chunks[chunk];
  const std::string name = "chunk " + std::to_string(chunk);
  const auto found = reception.chunks.find(chunk);
  expect(found != reception.chunks.end() && found->second.bytes.size() == info.size_bytes &&
             found->second.here.missing(prefix.size(), info.size_bytes).empty(),
         name + " did not come whole: " + std::to_string(reception.bytes_of(chunk)) + " bytes, expected " +
             std::to_string(info.size_bytes - prefix.size()));
  Bytes bytes(found->second.bytes);
  std::copy(prefix.begin(), prefix.end(), bytes.begin());
  expect(sha256(bytes) == info.digest,
         name + " came with the digest " + sha256(bytes).hex() + ", the table says " + info.digest.hex());
}

KnownCard card_of(const Reception& reception) {
  KnownCard card;
  card.manifest = manifest_of(reception);
  card.digest = sha256(reception.manifest->root);
  card.root_bytes = reception.manifest->root.size();
  for (std::uint32_t chunk = 0; chunk < card.chunks(); ++chunk) {
    expect_digest(reception, card.manifest, chunk);
    card.payloads.push_back(reception.chunks.at(chunk).bytes);
  }
  return card;
}

}  // namespace kvferry::conform
