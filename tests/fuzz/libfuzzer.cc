// SPDX-License-Identifier: MIT
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvferry::fuzz::first_target->run({data, size});
  return 0;
}
