// SPDX-License-Identifier: MIT
//
// kvferry-lab update: a document grows, or changes in its middle.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace kvferry {

struct UpdateOptions {
  std::filesystem::path out;
  std::string model = "large";
  int documents = 12;
  uint64_t seed = 1;
  int jobs = 2;
};

// Writes update.jsonl (a line a change, preset and way) and update.md into options.out. Throws Failure,
// having left nothing behind.
void run_update(const UpdateOptions& options);

}  // namespace kvferry
