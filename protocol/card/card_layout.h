// SPDX-License-Identifier: MIT
//
// What stands before the payloads in a card file: magic, version, the card's
// digest, lengths, root, pages. SPEC.md, "Card file".
#pragma once

#include "protocol/card/manifest.h"

namespace kvferry {

inline constexpr std::uint8_t kCardMagic[8] = {0x89, 'K', 'V', 'C', 'A', 'R', 'D', 0x0A};
inline constexpr std::uint32_t kCardVersion = 1;

[[nodiscard]] Bytes card_preamble(const EncodedManifest& manifest);

struct CardPreamble {
  Manifest manifest;
  std::uint64_t size_bytes = 0;  // where the payloads begin
};

// Reads it from the beginning of a card of file_bytes bytes, which must end exactly with the last payload.
[[nodiscard]] Result<CardPreamble> parse_card_preamble(ByteView file, const Limits& limits);

}  // namespace kvferry
