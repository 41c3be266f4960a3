// SPDX-License-Identifier: MIT
//
// The vectors in tests/conformance and the worked examples in SPEC.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/conformance/conversation.h"
#include "tests/conformance/vector_file.h"

namespace kvferry::test {
namespace {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void expect_as_told(const Vector& vector) {
  SCOPED_TRACE(vector.name);
  if (vector.kind == "conversation") {
    auto conversation = parse_conversation(vector.conversation);
    ASSERT_TRUE(conversation.ok()) << conversation.error().message;
    auto held = replay_conversation(*conversation, vector.expect);
    EXPECT_TRUE(held.ok()) << held.error().message;
    return;
  }
  auto again = replay(vector.kind, vector.bytes);
  if (vector.expect == "accept") {
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(to_hex(*again), to_hex(vector.bytes));
    return;
  }
  ASSERT_EQ(vector.expect.rfind("reject", 0), 0u) << "expect: accept or reject";
  ASSERT_FALSE(again.ok()) << "accepted";
  std::string reason = vector.expect.size() > 7 ? vector.expect.substr(7) : "";
  EXPECT_NE(again.error().message.find(reason), std::string::npos) << again.error().message;
}

TEST(Conformance, every_vector_is_accepted_or_rejected_as_it_says) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(KVFERRY_SOURCE_DIR "/tests/conformance")) {
    if (entry.path().extension() != ".vec") continue;
    auto vector = parse_vector(entry.path().stem().string(), read_text(entry.path()));
    ASSERT_TRUE(vector.ok()) << vector.error().message;
    expect_as_told(*vector);
    ++count;
  }
  EXPECT_EQ(count, make_vectors().size());
}

TEST(Conformance, the_generator_makes_the_files_that_are_there) {
  for (const Vector& vector : make_vectors()) {
    auto path = std::filesystem::path(KVFERRY_SOURCE_DIR "/tests/conformance") / (vector.name + ".vec");
    EXPECT_EQ(read_text(path), print_vector(vector)) << vector.name << ": run make_vectors tests/conformance";
  }
}

// Examples in SPEC.md: a fenced block that begins with ```example KIND.
TEST(Conformance, the_examples_in_the_specification_hold) {
  std::string spec = read_text(KVFERRY_SOURCE_DIR "/protocol/SPEC.md");
  std::regex block("```example ([^\n]+)\n([0-9a-f \n]+)```");
  int count = 0;
  for (std::sregex_iterator at(spec.begin(), spec.end(), block), end; at != end; ++at, ++count) {
    auto bytes = from_hex((*at)[2]);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    expect_as_told({"SPEC.md example " + std::to_string(count + 1), "", (*at)[1], "accept", *bytes, {}});
  }
  EXPECT_GE(count, 5);
}

}  // namespace
}  // namespace kvferry::test
