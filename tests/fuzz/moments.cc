// SPDX-License-Identifier: MIT
//
// Only what moments encode to decodes to them.
#include <algorithm>

#include "codec/calibration/moments_card.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

FUZZ_TARGET(moments) {
  Card card;
  card.manifest.codec = CodecId::kMoments;
  card.manifest.model.layers = 2;
  card.manifest.model.kv_heads = 1;
  card.manifest.model.head_dim = 4;
  card.chunks.push_back(Slice::copy_of(input));
  const auto moments = decode_moments(card);
  if (!moments) {
    fuzz::require(moments.error().message.find('\n') == std::string::npos, "errors are one line");
    return;
  }
  const Card again = encode_moments(*moments, card.manifest.model);
  fuzz::require(std::ranges::equal(again.chunks[0].view(), input), "encoded again, the same bytes");
}
