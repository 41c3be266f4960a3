// SPDX-License-Identifier: MIT
//
// write_card FILE.card BYTES: a card with so many random bytes, in chunks of up to 64 KiB.
#include <algorithm>
#include <cstdlib>

#include "protocol/card/card_file.h"
#include "scenarios/program.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

Card card_of(std::size_t size_bytes) {
  Rng rng(size_bytes);
  Card card = sample_card(1, 0, 1);
  while (size_bytes > 0) {
    ChunkInfo info;
    info.layer_count = 2;
    info.row_count = 64;
    info.importance = 1;
    const std::size_t chunk_bytes = std::min(size_bytes, kChunkBytes);
    add_chunk(card, info, Slice(random_bytes(rng, chunk_bytes)));
    size_bytes -= chunk_bytes;
  }
  return card;
}

int run(int argc, char** argv) {
  const std::size_t size_bytes = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
  if (size_bytes == 0) throw UsageError("expected FILE.card BYTES");
  check_or_fail(write_card_file(argv[1], card_of(size_bytes)));
  return kExitSuccess;
}

}  // namespace
}  // namespace kvferry::test

int main(int argc, char** argv) {
  return kvferry::run_program("write_card", [&] { return kvferry::test::run(argc, argv); });
}
