// SPDX-License-Identifier: MIT
#include "transport/store/manifest_parts.h"

namespace kvferry::store {

void put_part(Bytes& out, ByteView part) {
  put_le(out, static_cast<std::uint32_t>(part.size()));
  append(out, part);
}

Result<ByteView> take_part(ByteReader& in, const std::string& what, std::uint64_t max_bytes) {
  const std::string at = what + " at byte " + std::to_string(in.position());
  const auto size = in.take_le<std::uint32_t>();
  if (!size) return Error{at + ": truncated, expected a 4-byte length"};
  if (*size > max_bytes)
    return Error{at + ": " + std::to_string(*size) + " bytes, limit " + std::to_string(max_bytes)};
  const auto part = in.take(*size);
  if (!part) return Error{at + ": truncated, expected " + std::to_string(*size) + " bytes"};
  return *part;
}

void put_manifest(Bytes& out, const Manifest& manifest) {
  const EncodedManifest encoded = encode_manifest(manifest);
  put_part(out, encoded.root);
  for (const Bytes& page : encoded.pages) put_part(out, page);
}

Result<Manifest> take_manifest(ByteReader& in, const Digest& card) {
  const Limits limits;
  const auto root = take_part(in, "root", limits.max_root_bytes);
  if (!root) return root.error();
  auto assembler = ManifestAssembler::from_root(*root, limits);
  if (!assembler) return assembler.error();
  if (assembler->card_digest() != card)
    return Error{"holds the card " + assembler->card_digest().hex() + ", expected the one of its name"};
  for (std::size_t i = 0; i < assembler->page_count(); ++i) {
    const auto page = take_part(in, "page " + std::to_string(i), kMaxPageBytes);
    if (!page) return page.error();
    if (auto added = assembler->add_page(i, *page); !added) return added.error();
  }
  return assembler->take();
}

}  // namespace kvferry::store
