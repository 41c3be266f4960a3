// SPDX-License-Identifier: MIT
//
// Digests keep a fuzzer out of everything they guard, so they are put right first.
#pragma once

#include "protocol/base/varint.h"
#include "protocol/card/card_layout.h"
#include "protocol/card/manifest_root.h"

namespace kvferry::fuzz {

// Where a card file's root begins: after magic, version and digest.
inline constexpr std::size_t kRootAt = sizeof kCardMagic + sizeof kCardVersion + Digest::kBytes;

// The root or a page: its size (32 bits), then its bytes.
[[nodiscard]] inline std::optional<ByteView> take_part(ByteReader& in) {
  const auto size = in.take_le<std::uint32_t>();
  return size ? in.take(*size) : std::nullopt;
}

// A card file whose parts are where they were, with the digests that its root and pages have. Bytes that are
// not laid out as a card file come back as they are.
[[nodiscard]] inline Bytes with_right_digests(ByteView file) {
  Bytes out(file.begin(), file.end());
  ByteReader in(file);
  if (!in.take(kRootAt)) return out;
  const auto root_bytes = take_part(in);
  if (!root_bytes) return out;
  Bytes pages;
  Bytes again(root_bytes->begin(), root_bytes->end());
  if (auto root = decode_map<ManifestRoot>(*root_bytes, "root")) {
    Bytes digests;
    while (digests.size() < root->page_digests.size()) {
      const auto page = take_part(in);
      if (!page) return out;
      append(digests, sha256(*page).view());
      put_le(pages, static_cast<std::uint32_t>(page->size()));
      append(pages, *page);
    }
    root->page_digests = std::move(digests);
    again = encode_map(*std::move(root));
  }
  const Bytes payloads(in.rest().begin(), in.rest().end());
  out.resize(kRootAt - Digest::kBytes);
  append(out, sha256(again).view());
  put_le(out, static_cast<std::uint32_t>(again.size()));
  append(out, again);
  append(out, pages);
  append(out, payloads);
  return out;
}

}  // namespace kvferry::fuzz
