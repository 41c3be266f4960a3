// SPDX-License-Identifier: MIT
//
// A card file, digests of its tables put right: what is read is as large as the file, and what
// verifies decodes twice to the same cache, or twice not.
#include "protocol/card/card_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include "codec/decoder.h"
#include "tests/fuzz/repair.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

FUZZ_TARGET(card_file) {
  const Bytes file = fuzz::with_right_digests(input);
  const int memory = memfd_create("card", 0);
  fuzz::require(write(memory, file.data(), file.size()) == static_cast<ssize_t>(file.size()), "memory");
  const auto card = read_card_file("/proc/self/fd/" + std::to_string(memory));
  close(memory);
  if (!card) return;
  fuzz::require(card->file_bytes() == file.size(), "every byte is counted");
  DecodeOptions options;
  options.limits = {1 << 20, 1 << 20};
  const auto once = decode(*card, options);
  const auto twice = decode(*card, options);
  if (once && twice) return fuzz::require(*once == *twice, "decoding is deterministic");
  fuzz::require(!once && !twice && once.error().message == twice.error().message, "so are its errors");
}
