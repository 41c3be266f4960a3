// SPDX-License-Identifier: MIT
#include "scenarios/lab/results.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace kvferry {
namespace {

Profile round_profile() {
  Profile profile;
  profile.name = "p";
  profile.prefill_tokens_per_s = 100;
  profile.decode_tokens_per_s = 10;
  profile.encode_gb_per_s = 1;
  profile.decode_gb_per_s = 2;
  profile.inject_gb_per_s = 4;
  return profile;
}

CardFacts card_facts() {
  CardFacts card;
  card.preset = "int4";
  card.tokens = 400;
  card.kept_tokens = 200;
  card.kv_bytes_fp16 = 2'000'000'000;
  card.kept_bytes_fp16 = 1'000'000'000;
  card.card_bytes = 500'000'000;
  return card;
}

Quality some_quality() {
  Quality quality;
  quality.n_questions = 8;
  quality.question_tokens = 10;
  quality.answer_tokens = 2;
  return quality;
}

TEST(RunTimes, follow_from_the_profile_and_the_transfer) {
  const auto t = card_times(round_profile(), card_facts(), some_quality(), 3);
  EXPECT_DOUBLE_EQ(t.encode, 2);
  EXPECT_DOUBLE_EQ(t.transfer, 3);
  EXPECT_DOUBLE_EQ(t.decode, 0.5);
  EXPECT_DOUBLE_EQ(t.inject, 0.25);
  EXPECT_DOUBLE_EQ(t.prefill, 0.1);
  EXPECT_DOUBLE_EQ(t.generate, 0.2);
  EXPECT_DOUBLE_EQ(t.first_token(), 5.85);
}

TEST(RunTimes, a_query_aware_card_waits_for_the_question_to_be_read) {
  auto card = card_facts();
  card.query_aware = true;
  EXPECT_DOUBLE_EQ(card_times(round_profile(), card, some_quality(), 3).encode, 2.1);
}

TEST(RunTimes, the_receiver_of_the_text_reads_all_of_it) {
  const auto t = text_times(round_profile(), 400, some_quality(), 0.2);
  EXPECT_DOUBLE_EQ(t.prefill, 4.1);
  EXPECT_DOUBLE_EQ(t.first_token(), 4.3);
}

TEST(BreakEven, is_the_prefill_speed_at_which_both_take_as_long) {
  const auto profile = round_profile();
  const auto card = card_times(profile, card_facts(), some_quality(), 3);
  const auto text = text_times(profile, 400, some_quality(), 0.2);
  const auto speed = break_even_prefill(400, card, text);
  ASSERT_TRUE(speed);
  auto at_that_speed = profile;
  at_that_speed.prefill_tokens_per_s = *speed;
  EXPECT_NEAR(card_times(at_that_speed, card_facts(), some_quality(), 3).first_token(),
              text_times(at_that_speed, 400, some_quality(), 0.2).first_token(), 1e-9);
}

TEST(BreakEven, there_is_none_when_the_cache_is_faster_than_the_text_alone) {
  StageTimes card, text;
  card.transfer = 0.1;
  text.transfer = 0.2;
  EXPECT_FALSE(break_even_prefill(400, card, text));
}

TEST(ResultLines, hold_every_key_of_the_schema) {
  TradeoffPlan plan;
  plan.name = "n";
  plan.model = "/models/small";
  plan.profile = round_profile();
  RunLine run;
  run.plan = &plan;
  run.transport = "ns3-udp";
  run.card = card_facts();
  run.quality = some_quality();
  run.transfer.complete_s = 800;
  run.transfer.wire = {{1, 2, 3, 4, 5, 6}, 7, 28};
  const auto text = to_json_line(run);
  EXPECT_EQ(text.back(), '\n');
  const auto line = nlohmann::json::parse(text);
  for (const auto* key : {"scenario",   "transport",     "preset",      "policy",          "seed",
                          "agents",     "tokens",        "n_questions", "quality_model",   "shape_model",
                          "profile",    "kv_bytes_fp16", "card_bytes",  "ratio",           "nominal",
                          "deadline_s", "met_deadline",  "levels",      "retransmissions", "goodput_fraction",
                          "clock"}) {
    EXPECT_TRUE(line.contains(key)) << key;
  }
  EXPECT_EQ(line["quality_model"], "small");
  EXPECT_TRUE(line["shape_model"].is_null());
  EXPECT_EQ(line["ratio"], 4.0);
  EXPECT_EQ(line["goodput_fraction"], 1.0);
  EXPECT_EQ(line["wire"].size(), 8);
  EXPECT_EQ(line["wire"]["total"], 28);
  EXPECT_EQ(line["time_s"].size(), 8);
  EXPECT_EQ(line["quality"].size(), 5);
}

}  // namespace
}  // namespace kvferry
