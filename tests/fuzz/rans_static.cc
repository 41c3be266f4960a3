// SPDX-License-Identifier: MIT
//
// symbols (32 bits) | model | coded. What decodes encodes to the same bytes again: a block of
// symbols has one coded form. And everything decodes to symbols of the alphabet.
#include <algorithm>

#include "codec/entropy/rans.h"
#include "protocol/base/varint.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

FUZZ_TARGET(rans_static) {
  ByteReader in(input);
  const auto n = in.take_le<std::uint32_t>();
  if (!n) return;
  ByteView coded = in.rest();
  const auto model = SymbolModel::parse(coded, 512);
  if (!model) return;
  std::vector<std::uint8_t> symbols(*n % 20000);
  const std::size_t columns = model->contexts() == 1 ? 7 : model->contexts();
  const auto decoded = RansDecoder(*model).decode(coded, columns, symbols);
  const auto below = [&](std::uint8_t symbol) { return symbol < model->alphabet(); };
  fuzz::require(std::ranges::all_of(symbols, below), "symbols are of the alphabet");
  Bytes again;
  RansEncoder(*model).encode(symbols, columns, again);
  if (decoded) fuzz::require(std::ranges::equal(again, coded), "encoded again, the same bytes");
  std::vector<std::uint8_t> back(symbols.size());
  fuzz::require(RansDecoder(*model).decode(again, columns, back).ok() && back == symbols, "round trip");
}
