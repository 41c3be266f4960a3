// SPDX-License-Identifier: MIT
#include "scenarios/data_files.h"

#include <gtest/gtest.h>

#include <fstream>

namespace kvferry {
namespace {

namespace fs = std::filesystem;

TEST(DataFiles, FindsShippedFilesFromAnyFolder) {
  const fs::path before = fs::current_path();
  fs::current_path("/");
  const auto found = find_data("transport/CMakeLists.txt");
  fs::current_path(before);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(fs::equivalent(*found, fs::path(KVFERRY_SOURCE_DIR) / "transport/CMakeLists.txt"));
}

TEST(DataFiles, NamesBothPlacesWhenAFileIsMissing) {
  const auto missing = find_data("no/such.toml");
  ASSERT_FALSE(missing);
  const std::string& message = missing.error().message;
  EXPECT_EQ(message.find("no/such.toml not found: expected "), 0u) << message;
  EXPECT_NE(message.find("/share/kvferry/no/such.toml or "), std::string::npos) << message;
}

TEST(DataFiles, FindsProgramsBesideThisOne) {
  const auto found = find_program("kvferry");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->parent_path(), program_file().parent_path());
  EXPECT_FALSE(find_program("kvferry-none"));
}

TEST(DataFiles, TakesAModelFolderAsItIs) {
  const fs::path folder = fs::path(testing::TempDir()) / "kvferry_data_files_model";
  fs::remove_all(folder);
  fs::create_directories(folder);
  const auto without = find_model(folder.string());
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().message, (folder / "config.json").string() +
                                         ": not found, expected a model folder in Hugging Face's layout");
  std::ofstream(folder / "config.json") << "{}";
  EXPECT_EQ(*find_model(folder.string()), folder);
  fs::remove_all(folder);
}

TEST(DataFiles, SaysWhatItLookedForWhenAModelIsUnknown) {
  const auto unknown = find_model("gigantic");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(
      unknown.error().message.find("model 'gigantic' is neither a folder here nor a shipped checkpoint ("),
      0u)
      << unknown.error().message;
  EXPECT_NE(unknown.error().message.find("model/checkpoints/gigantic"), std::string::npos);
  EXPECT_FALSE(find_model(""));
}

}  // namespace
}  // namespace kvferry
