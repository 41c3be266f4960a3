// SPDX-License-Identifier: MIT
#include "scenarios/lab/plan.h"

#include <gtest/gtest.h>

#include "tests/scenarios/temporary_folder.h"

namespace kvferry {
namespace {

constexpr const char* kProfile =
    "device = \"d\"\nmodel = \"small\"\nsource = \"assumed\"\nprefill_tokens_per_s = "
    "100\ndecode_tokens_per_s = 10\n"
    "encode_gb_per_s = 1\ndecode_gb_per_s = 2\ninject_gb_per_s = 4\n";

constexpr const char* kPlan =
    "model = \"small\"\n"
    "profile = \"./profile.toml\"\n"
    "transports = [\"ns3-tcp\"]\n"
    "presets = [\"fp16\", \"quant=int4 | entropy=zstd\"]\n";

class Plan : public testing::Test {
 protected:
  Plan() { folder_.write("profile.toml", kProfile); }

  Result<TradeoffPlan> read(const std::string& text) { return read_plan(folder_.write("plan.toml", text)); }
  std::string mistake(const std::string& text) {
    const auto plan = read(text);
    return plan ? "" : plan.error().message.substr(folder_.path().string().size() + 1);
  }
  // The plan with one line replaced.
  static std::string with(const std::string& from, const std::string& to) {
    std::string text = kPlan;
    return text.replace(text.find(from), from.size(), to);
  }
  TemporaryFolder folder_;
};

TEST_F(Plan, needs_little_and_fills_in_the_edge_link) {
  const auto plan = read(kPlan);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->name, "plan");
  EXPECT_EQ(plan->link.rate_mbps, 5);
  EXPECT_EQ(plan->link.rtt_ms, 40);
  EXPECT_EQ(plan->link.loss, 0.01);
  EXPECT_EQ(plan->presets.at(1).label, "int4");
  EXPECT_EQ(plan->profile.name, "profile");
  EXPECT_EQ(plan->profile.decode_gb_per_s, 2);
  EXPECT_FALSE(plan->include_text);
  EXPECT_FALSE(plan->shape_model);
}

TEST_F(Plan, labels_presets_by_what_is_special_about_them) {
  const auto label = [](const char* text) { return preset_label(*parse_preset(text)); };
  EXPECT_EQ(label("fp16"), "fp16");
  EXPECT_EQ(label("int8"), "int8");
  EXPECT_EQ(label("quant=int8"), "int8 none");
  EXPECT_EQ(label("quant=fp16 | entropy=zstd"), "fp16 zstd");
  EXPECT_EQ(label("select=q2c:0.5 | quant=int4:32 | entropy=zstd:9"), "q2c:0.5 int4:32 zstd:9");
  EXPECT_EQ(label("select=random:0.25 | quant=int2 | entropy=zstd"), "random:0.25 int2");
}

TEST_F(Plan, tells_unknown_keys) {
  EXPECT_EQ(mistake(std::string(kPlan) + "[link]\nrate = 5\n"),
            "plan.toml:6: key 'link.rate': unknown, expected one of rate_mbps, rtt_ms, loss, queue_packets");
}

TEST_F(Plan, tells_impossible_values) {
  EXPECT_EQ(mistake(std::string(kPlan) + "[link]\nloss = 1.5\n"),
            "plan.toml:6: key 'link.loss': expected a number from 0 to 0.9");
  EXPECT_EQ(mistake(std::string(kPlan) + "[documents]\ncount = 0\n"),
            "plan.toml:6: key 'documents.count': expected a whole number from 1 to 10000");
  EXPECT_EQ(mistake(with("ns3-tcp", "quic")),
            "plan.toml:3: key 'transports': unknown transport 'quic', expected ns3-tcp, ns3-udp or ns3-quic");
  EXPECT_EQ(mistake(with("\"ns3-tcp\"", "\"ns3-tcp\", \"ns3-tcp\"")),
            "plan.toml:3: key 'transports': 'ns3-tcp' stands there twice, expected each once");
  EXPECT_EQ(mistake(std::string("shape_model = \"gpt\"\n") + kPlan),
            "plan.toml:1: key 'shape_model': unknown shape 'gpt', expected one of llama-3-8b, llama-3-70b, "
            "llama-3.1-8b, qwen2.5-7b, qwen2.5-3b, qwen2.5-0.5b, tinyllama-1.1b");
}

TEST_F(Plan, points_into_presets) {
  EXPECT_EQ(mistake(with("quant=int4", "quant=int9")).substr(0, 83),
            "plan.toml:4: key 'presets': 'quant=int9 | entropy=zstd': preset: unknown quantizer ");
  EXPECT_EQ(mistake(with("quant=int4 | entropy=zstd", "fp16")),
            "plan.toml:4: key 'presets': 'fp16' stands there twice, expected each once");
}

TEST_F(Plan, tells_missing_keys) {
  EXPECT_EQ(mistake("model = \"small\"\n"), "plan.toml:1: key 'profile': missing");
}

TEST_F(Plan, refuses_the_profile_of_another_model) {
  EXPECT_EQ(mistake(with("small", "large")),
            "plan.toml:2: key 'profile': './profile.toml' is of model small, expected one of large");
  EXPECT_EQ(mistake(std::string("shape_model = \"qwen2.5-7b\"\n") + kPlan),
            "plan.toml:3: key 'profile': './profile.toml' is of model small, expected one of qwen2.5-7b");
}

TEST_F(Plan, sees_model_folders_from_the_plan) {
  const auto plan = read(with("\"small\"", "\"../models/small\""));
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->model, (folder_.path().parent_path() / "models/small").string());
}

TEST_F(Plan, passes_mistakes_of_the_profile_on) {
  folder_.write("profile.toml", "device = 3\n");
  const auto text = mistake(kPlan);
  EXPECT_TRUE(text.ends_with("profile.toml:1: key 'device': expected a text in quotes")) << text;
}

TEST(ProfileFile, reads_what_it_writes) {
  const TemporaryFolder folder;
  const auto profile = read_profile(folder.write("p.toml", kProfile));
  ASSERT_TRUE(profile);
  const auto again = read_profile(folder.write("p.toml", write_profile(*profile)));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->device, "d");
  EXPECT_EQ(again->inject_gb_per_s, 4);
  EXPECT_EQ(again->prefill_s(50), 0.5);
}

}  // namespace
}  // namespace kvferry
