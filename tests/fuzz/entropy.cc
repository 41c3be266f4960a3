// SPDX-License-Identifier: MIT
//
// coder (8 bits) | body size (16) | coded. What decodes comes back from being encoded again, and
// the size asked for is the only one that decodes.
#include "codec/entropy/entropy.h"

#include "protocol/base/bytes.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

FUZZ_TARGET(entropy) {
  if (input.size() < 3) return;
  const EntropyCoder coder = input[0] % 2 == 0 ? EntropyCoder::kNone : EntropyCoder::kZstd;
  Bytes body(load_le<std::uint16_t>(&input[1]));
  const ByteView coded = input.subspan(3);
  if (!entropy_decode(coder, coded, body)) return;
  Bytes longer(body.size() + 1);
  fuzz::require(!entropy_decode(coder, coded, longer).ok(), "another size does not decode");
  EntropyEncoder encoder({EntropyCoder::kZstd, 3});
  Bytes again, back(body.size());
  const EntropyCoder used = encoder.append(body, again);
  fuzz::require(again.size() <= body.size(), "encoding never grows");
  fuzz::require(entropy_decode(used, again, back).ok() && back == body, "round trip");
}
