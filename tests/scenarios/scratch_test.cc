// SPDX-License-Identifier: MIT
#include "scenarios/lab/scratch.h"

#include <gtest/gtest.h>

#include "scenarios/lab/files.h"
#include "scenarios/program.h"
#include "tests/scenarios/temporary_folder.h"

namespace kvferry {
namespace {

namespace fs = std::filesystem;

TEST(Scratch, leaves_nothing_without_keep) {
  const TemporaryFolder folder;
  { const Scratch scratch(folder.path() / "out"); }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Scratch, keeps_what_is_named_beside_what_was_there) {
  const TemporaryFolder folder;
  folder.write("out/notes", "mine");
  {
    const Scratch scratch(folder.path() / "out/");
    std::ofstream(scratch.folder() / "results.jsonl") << "r";
    std::ofstream(scratch.folder() / "rest") << "x";
    scratch.keep({"results.jsonl"});
  }
  EXPECT_TRUE(fs::exists(folder.path() / "out/results.jsonl"));
  EXPECT_TRUE(fs::exists(folder.path() / "out/notes"));
  EXPECT_FALSE(fs::exists(folder.path() / "out/rest"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(Scratch, refuses_a_file_as_the_folder) {
  const TemporaryFolder folder;
  const auto file = folder.write("out", "");
  try {
    const Scratch scratch(file);
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.what(), file.string() + ": expected a folder for the results, found a file");
  }
}

TEST(WholeFile, a_failed_write_leaves_nothing) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "taken/inside");
  EXPECT_FALSE(write_whole_file(folder.path() / "taken", "x"));
  EXPECT_FALSE(fs::exists(folder.path() / "taken.part"));
  EXPECT_TRUE(write_whole_file(folder.path() / "free", "x"));
}

}  // namespace
}  // namespace kvferry
