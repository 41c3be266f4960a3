// SPDX-License-Identifier: MIT
//
// fuzz_replay TARGET FOLDER runs a target over every file of a corpus, over each cut short, and
// over nothing; a property that does not hold ends it.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/fuzz/target.h"

namespace kvferry::fuzz {
namespace {

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int replay(Target run, const char* folder) {
  run({});
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::fprintf(stderr, "%s\n", entry.path().c_str());
    const Bytes whole = read_file(entry.path());
    run(whole);
    for (std::size_t part = 1; part < 8; ++part) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() * part / 8));
      run(cut);
    }
    ++files;
  }
  return files > 0 ? 0 : 1;
}

}  // namespace
}  // namespace kvferry::fuzz

int main(int argc, char** argv) {
  if (argc == 3) {
    for (auto* target = kvferry::fuzz::first_target; target != nullptr; target = target->next) {
      if (std::strcmp(target->name, argv[1]) == 0) return kvferry::fuzz::replay(target->run, argv[2]);
    }
  }
  std::fprintf(stderr, "usage: fuzz_replay TARGET FOLDER\n");
  return 2;
}
