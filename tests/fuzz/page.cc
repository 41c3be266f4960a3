// SPDX-License-Identifier: MIT
//
// count (8 bits) | a page of the chunk table: what parses has that many entries, and serializes to the same
// bytes.
#include <algorithm>

#include "protocol/card/chunk_info.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

FUZZ_TARGET(page) {
  if (input.empty()) return;
  const std::size_t count = 1 + input[0] % kChunksPerPage;
  const ByteView page = input.subspan(1);
  std::vector<ChunkInfo> entries;
  if (!parse_page(page, count, entries)) return;
  fuzz::require(entries.size() == count, "as many entries as were asked for");
  fuzz::require(std::ranges::equal(serialize_page(entries), page), "serialized again, the same bytes");
}
