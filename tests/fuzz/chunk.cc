// SPDX-License-Identifier: MIT
//
// sample card (8 bits) | chunk (8) | payload, which takes that chunk's place. What decodes is
// finite and the same twice.
#include "codec/decoder.h"
#include "tests/fuzz/sample_cards.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

static Result<KvCache> decode_chunks(const Card& card, std::uint32_t changed, ByteView payload) {
  DecodeOptions options{{1 << 20, 1 << 20}, fuzz::sample_calibration()};
  Manifest manifest = card.manifest;
  manifest.chunks[changed].size_bytes = static_cast<std::uint32_t>(payload.size());
  ChunkDecoder decoder(options);
  if (auto begun = decoder.begin(manifest); !begun) return begun.error();
  for (std::uint32_t i = 0; i < card.chunks.size(); ++i) {
    auto added = decoder.add(i, i == changed ? payload : card.chunks[i].view());
    if (!added) return added.error();
  }
  return decoder.take();
}

FUZZ_TARGET(chunk) {
  if (input.size() < 3) return;
  const Card& card = fuzz::sample_cards()[input[0] % fuzz::sample_cards().size()];
  const auto changed = static_cast<std::uint32_t>(input[1] % card.chunks.size());
  const auto once = decode_chunks(card, changed, input.subspan(2));
  const auto twice = decode_chunks(card, changed, input.subspan(2));
  fuzz::require(once.ok() == twice.ok(), "whether it decodes is deterministic");
  if (!once) return fuzz::require(once.error().message == twice.error().message, "so are errors");
  fuzz::require(fuzz::is_finite(*once), "what decodes is finite");
  fuzz::require(*once == *twice, "decoding is deterministic");
}
