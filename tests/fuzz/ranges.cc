// SPDX-License-Identifier: MIT
//
// kind (8 bits) | ranges: chunk ranges, chunk prefixes, a position set or a list of digests. What parses
// serializes to the same bytes; lowest() and remove() take a set of chunks apart without loss.
#include <algorithm>

#include "protocol/card/chunk_prefixes.h"
#include "protocol/card/chunk_ranges.h"
#include "protocol/card/digest_list.h"
#include "protocol/card/position_set.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

template <typename T>
static void require_same(const T& parsed, ByteView input) {
  Bytes again;
  parsed.serialize(again);
  fuzz::require(std::ranges::equal(again, input), "serialized again, the same bytes");
}

static void take_apart(const ChunkRanges& chunks) {
  ChunkRanges rest = chunks;
  std::uint64_t taken = 0;
  while (!rest.empty()) {
    const ChunkRanges part = rest.lowest(64);
    fuzz::require(!part.empty(), "some of it fits");
    taken += part.size();
    rest.remove(part);
  }
  fuzz::require(taken == chunks.size(), "the parts are the whole");
}

FUZZ_TARGET(ranges) {
  if (input.empty()) return;
  const ByteView body = input.subspan(1);
  switch (input[0] % 4) {
    case 0:
      if (const auto chunks = ChunkRanges::parse(body)) {
        require_same(*chunks, body);
        take_apart(*chunks);
      }
      return;
    case 1:
      if (const auto prefixes = ChunkPrefixes::parse(body)) require_same(*prefixes, body);
      return;
    case 2:
      if (const auto positions = PositionSet::parse(body, 1 << 20)) require_same(*positions, body);
      return;
    default:
      if (const auto digests = DigestList::parse(body)) require_same(*digests, body);
  }
}
