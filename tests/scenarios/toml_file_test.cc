// SPDX-License-Identifier: MIT
#include "scenarios/toml_file.h"

#include <gtest/gtest.h>

#include "tests/scenarios/temporary_folder.h"

namespace kvferry {
namespace {

class TomlFile : public testing::Test {
 protected:
  TomlTable read(const std::string& text) {
    auto table = TomlTable::read(folder_.write("plan.toml", text));
    EXPECT_TRUE(table) << table.error().message;
    return *table;
  }
  // The first mistake without the folder's name.
  std::string mistake(const TomlTable& table) {
    const auto done = table.finish();
    return done ? "" : done.error().message.substr(folder_.path().string().size() + 1);
  }
  TemporaryFolder folder_;
};

TEST_F(TomlFile, reads_values_of_each_kind) {
  auto root = read("a = \"x\"\nb = 3\nc = 2\nd = true\ne = [1, 4]\nf = [\"p\", \"q\"]\n");
  std::string a;
  int b = 0, low = 0, high = 0;
  double c = 0;
  bool d = false;
  std::vector<std::string> f;
  root.text("a", a);
  root.integer("b", b, 0, 9);
  root.number("c", c, 0, 9);
  root.flag("d", d);
  root.range("e", low, high, 0, 9);
  root.texts("f", f);
  EXPECT_EQ(mistake(root), "");
  EXPECT_EQ(a, "x");
  EXPECT_EQ(b, 3);
  EXPECT_EQ(c, 2.0);
  EXPECT_TRUE(d);
  EXPECT_EQ(low, 1);
  EXPECT_EQ(high, 4);
  EXPECT_EQ(f, (std::vector<std::string>{"p", "q"}));
}

TEST_F(TomlFile, absent_keys_leave_values_as_they_are) {
  auto root = read("");
  int n = 7;
  root.integer("n", n, 0, 9);
  double x = 0.5;
  root.table("sub").number("x", x, 0, 1);
  EXPECT_EQ(mistake(root), "");
  EXPECT_EQ(n, 7);
  EXPECT_EQ(x, 0.5);
}

TEST_F(TomlFile, names_the_line_and_what_was_expected) {
  auto root = read("\n\nn = 12\n");
  int n = 7;
  root.integer("n", n, 0, 9);
  EXPECT_EQ(mistake(root), "plan.toml:3: key 'n': expected a whole number from 0 to 9");
  EXPECT_EQ(n, 7);
}

TEST_F(TomlFile, names_unknown_keys_of_tables_within_tables) {
  auto root = read("[link]\nrate = 1\n[[stage]]\nsteps = 1\n[[stage]]\nstep = 1\n");
  double rate = 0;
  root.table("link").number("rate", rate, 0, 9);
  for (auto& stage : root.tables("stage")) {
    int steps = 0;
    stage.integer("steps", steps, 0, 9);
  }
  EXPECT_EQ(mistake(root), "plan.toml:6: key 'stage[2].step': unknown, expected one of steps");
}

TEST_F(TomlFile, tells_the_first_of_several_mistakes) {
  auto root = read("b = 1\na = \"x\"\n");
  int a = 0;
  root.integer("a", a, 0, 9);
  EXPECT_EQ(mistake(root), "plan.toml:1: key 'b': unknown, expected one of a");
}

TEST_F(TomlFile, refuses_values_of_another_kind) {
  const auto complaint = [&](const std::string& line, auto ask) {
    auto root = read(line);
    ask(root);
    return mistake(root);
  };
  std::string text;
  std::vector<std::string> texts;
  bool flag = false;
  double number = 0;
  int low = 0, high = 0;
  EXPECT_EQ(complaint("k = 1", [&](auto& t) { t.text("k", text); }),
            "plan.toml:1: key 'k': expected a text in quotes");
  EXPECT_EQ(complaint("k = 1", [&](auto& t) { t.flag("k", flag); }),
            "plan.toml:1: key 'k': expected true or false");
  EXPECT_EQ(complaint("k = []", [&](auto& t) { t.texts("k", texts); }),
            "plan.toml:1: key 'k': expected a list of texts, at least one");
  EXPECT_EQ(complaint("k = nan", [&](auto& t) { t.number("k", number, 0, 1); }),
            "plan.toml:1: key 'k': expected a number from 0 to 1");
  EXPECT_EQ(complaint("k = [4, 1]", [&](auto& t) { t.range("k", low, high, 0, 9); }),
            "plan.toml:1: key 'k': expected [low, high], whole numbers from 0 to 9");
  EXPECT_EQ(complaint("k = 1", [&](auto& t) { (void)t.table("k"); }),
            "plan.toml:1: key 'k': expected a table");
  EXPECT_EQ(complaint("k = [1]", [&](auto& t) { (void)t.tables("k"); }),
            "plan.toml:1: key 'k': expected tables, each under its own [[k]]");
}

TEST_F(TomlFile, says_where_a_file_is_not_toml) {
  const auto table = TomlTable::read(folder_.write("plan.toml", "a = 1\nb = = 2\n"));
  ASSERT_FALSE(table);
  EXPECT_TRUE(table.error().message.starts_with((folder_.path() / "plan.toml:2: ").string()))
      << table.error().message;
}

TEST_F(TomlFile, says_that_a_file_is_not_there) {
  const auto table = TomlTable::read(folder_.path() / "none.toml");
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().message, (folder_.path() / "none.toml: expected a file, found none").string());
}

}  // namespace
}  // namespace kvferry
