// SPDX-License-Identifier: MIT
//
// last symbol (8 bits) | columns less 1 (8) | symbols (16, up to 999) | coded. As rans_static, without a
// model.
#include "codec/entropy/rans_adaptive.h"

#include <algorithm>

#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

FUZZ_TARGET(rans_adaptive) {
  if (input.size() < 4) return;
  const std::size_t alphabet = std::max<std::size_t>(input[0], 1) + 1;
  const std::size_t columns = input[1] + std::size_t{1};
  std::vector<std::uint8_t> symbols(load_le<std::uint16_t>(&input[2]) % 1000U);
  const ByteView coded = input.subspan(4);
  const auto decoded = rans_decode_adaptive(alphabet, coded, columns, symbols);
  const auto below = [&](std::uint8_t symbol) { return symbol < alphabet; };
  fuzz::require(std::ranges::all_of(symbols, below), "symbols are of the alphabet");
  Bytes again;
  rans_encode_adaptive(alphabet, symbols, columns, again);
  if (decoded) fuzz::require(std::ranges::equal(again, coded), "encoded again, the same bytes");
  std::vector<std::uint8_t> back(symbols.size());
  fuzz::require(rans_decode_adaptive(alphabet, again, columns, back).ok() && back == symbols, "round trip");
}
