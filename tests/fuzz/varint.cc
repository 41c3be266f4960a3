// SPDX-License-Identifier: MIT
//
// Varints, one after the other: what reads is the shortest form, and writes the same bytes again.
#include <algorithm>

#include "protocol/base/varint.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

FUZZ_TARGET(varint) {
  ByteReader in(input);
  Bytes again;
  while (!in.at_end()) {
    const VarintRead read = read_varint(in.rest());
    const auto value = in.take_varint();
    fuzz::require(value.has_value() == (read.error == VarintError::kNone), "both readers agree");
    if (!value) break;
    fuzz::require(*value == read.value && *value <= kVarintMax, "on the value, too, and it is in range");
    fuzz::require(varint_size(*value) == read.size_bytes, "only the shortest form reads");
    put_varint(again, *value);
  }
  fuzz::require(again.size() <= input.size() && std::equal(again.begin(), again.end(), input.begin()),
                "written again, the same bytes");
}
