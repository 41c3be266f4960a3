// SPDX-License-Identifier: MIT
//
// The beginning of a card, digests put right: a manifest that is accepted is valid, and only the
// bytes that it encodes to are.
#include <algorithm>

#include "tests/fuzz/repair.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

FUZZ_TARGET(manifest) {
  const Bytes file = fuzz::with_right_digests(input);
  const auto preamble = parse_card_preamble(file, {});
  if (!preamble) return;
  const Manifest& manifest = preamble->manifest;
  fuzz::require(manifest.validate().ok(), "what is accepted is valid");
  fuzz::require(preamble->size_bytes + manifest.payload_bytes() == file.size(), "every byte is counted");
  const Bytes again = card_preamble(encode_manifest(manifest));
  const ByteView taken = ByteView(file).first(static_cast<std::size_t>(preamble->size_bytes));
  fuzz::require(std::ranges::equal(again, taken), "encoded again, the same bytes");
}
