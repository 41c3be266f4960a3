// SPDX-License-Identifier: MIT
//
// Every method on the same tensors: both shipped models, two question sets, all bytes counted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kvferry {

struct TablesOptions {
  std::filesystem::path out;
  std::vector<std::string> only;    // tables; empty: all
  std::vector<std::string> models;  // empty: both shipped ones
  int questions = 200;              // of each set, at least
  uint64_t seed = 1;
  int jobs = 2;
};

// Names for `only`, in the report's order.
[[nodiscard]] std::vector<std::string> table_names();

// Writes tables.jsonl, index.md, and each table as Markdown, CSV and PNG into options.out. Throws Failure,
// having left nothing behind; also where the FP16 card differs from the cache that it was made of.
void run_tables(const TablesOptions& options);

}  // namespace kvferry
