// SPDX-License-Identifier: MIT
#include "protocol/card/card_layout.h"

#include <algorithm>

#include "protocol/base/varint.h"

namespace kvferry {
namespace {

// One length-prefixed part; the length is a little-endian 32-bit integer.
Result<ByteView> take_part(ByteReader& in, const std::string& what, std::uint64_t limit) {
  std::string at = " at byte " + std::to_string(in.position());
  auto size = in.take_le<std::uint32_t>();
  if (!size) return Error{what + at + ": truncated, expected a 4-byte length"};
  if (*size > limit)
    return Error{what + at + ": " + std::to_string(*size) + " bytes, limit " + std::to_string(limit)};
  auto part = in.take(*size);
  if (!part) return Error{what + at + ": truncated, expected " + std::to_string(*size) + " bytes"};
  return *part;
}

void put_part(Bytes& out, ByteView part) {
  put_le(out, static_cast<std::uint32_t>(part.size()));
  append(out, part);
}

}  // namespace

Bytes card_preamble(const EncodedManifest& manifest) {
  Bytes out(std::begin(kCardMagic), std::end(kCardMagic));
  put_le(out, kCardVersion);
  append(out, manifest.digest().view());
  put_part(out, manifest.root);
  for (const Bytes& page : manifest.pages) put_part(out, page);
  return out;
}

Result<CardPreamble> parse_card_preamble(ByteView file, const Limits& limits) {
  ByteReader in(file);
  auto magic = in.take(sizeof kCardMagic);
  if (!magic || !std::equal(magic->begin(), magic->end(), kCardMagic)) {
    return Error{"byte 0: no card file, expected the magic 89 4b 56 43 41 52 44 0a"};
  }
  auto version = in.take_le<std::uint32_t>();
  if (!version) return Error{"byte 8: truncated, expected a version"};
  if (*version != kCardVersion) {
    return Error{"byte 8: card version " + std::to_string(*version) + ", expected " +
                 std::to_string(kCardVersion)};
  }
  auto digest = in.take(Digest::kBytes);
  if (!digest) return Error{"byte 12: truncated, expected the card's digest"};
  auto root = take_part(in, "root", limits.max_root_bytes);
  if (!root) return root.error();
  if (sha256(*root) != Digest::from_bytes(*digest)) {
    return Error{"root: damaged, its digest is not the one at byte 12"};
  }
  auto assembler = ManifestAssembler::from_root(*root, limits);
  if (!assembler) return assembler.error();
  for (std::size_t i = 0; i < assembler->page_count(); ++i) {
    auto page = take_part(in, "page " + std::to_string(i), kMaxPageBytes);
    if (!page) return page.error();
    if (auto added = assembler->add_page(i, *page); !added) return added.error();
  }
  auto manifest = assembler->take();
  if (!manifest) return manifest.error();
  CardPreamble preamble{std::move(*manifest), in.position()};
  std::uint64_t expected = preamble.size_bytes + preamble.manifest.payload_bytes();
  if (file.size() != expected) {
    return Error{"byte " + std::to_string(file.size()) + ": end of file, expected " +
                 std::to_string(expected) + " bytes"};
  }
  return preamble;
}

}  // namespace kvferry
