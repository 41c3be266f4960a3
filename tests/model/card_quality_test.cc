// SPDX-License-Identifier: MIT
//
// With the shipped model, whose calibration bit planes need.
#include "model/card_quality.h"

#include <gtest/gtest.h>

#include "model/documents.h"
#include "model/make_card.h"
#include "model/probe.h"
#include "model/shipped_calibration.h"

namespace kvferry {
namespace {

const std::string kModel = KVFERRY_SOURCE_DIR "/model/checkpoints/small";

class CardQualities : public ::testing::Test {
 protected:
  CardQualities() {
    Rng rng(11);
    document_ = make_document({.facts = 6, .words = 64}, rng);
    for (size_t i = 0; i < 3; ++i) questions_.push_back(document_.questions[i].text);
    auto cache = reader_.prefill(document_.text);
    if (!cache) throw std::runtime_error(cache.error().message);
    full_ = std::move(*cache);
  }
  CardOrder order(const std::string& preset) const {
    CardOrder order;
    order.preset = *parse_preset(preset);
    order.document = document_.text;
    order.calibration = *find_calibration({}, kModel);
    return order;
  }
  Card probed(const CardOrder& order) {
    auto card = make_card(reader_, full_, order);
    EXPECT_TRUE(card) << card.error().message;
    const auto done = probe_card(reader_, full_, order, questions_, *card);
    EXPECT_TRUE(done) << done.error().message;
    return std::move(*card);
  }

  const Reader reader_ = std::move(*Reader::open(kModel));
  Document document_;
  std::vector<std::string> questions_;
  KvCache full_;
};

TEST_F(CardQualities, a_progressive_card_tells_truly_what_its_beginnings_are_worth) {
  const auto wanted = order("progressive");
  const Card card = probed(wanted);
  const auto& points = card.manifest.curve.points();
  ASSERT_GE(points.size(), 12U);
  ASSERT_LE(points.size(), kCurvePoints);
  EXPECT_TRUE(card.manifest.validate());

  const auto& point = points[points.size() / 2];
  ChunkDecoder decoder({.calibration = wanted.calibration});
  ASSERT_TRUE(decoder.begin(card.manifest));
  for (uint32_t i = 0; i < point.chunks; ++i) ASSERT_TRUE(decoder.add(i, card.chunks[i].view()));
  Fidelity sum;
  for (const auto& question : questions_) {
    const auto answer = reader_.answer(full_, question);
    ASSERT_TRUE(answer);
    const auto one = reader_.compare(full_, *decoder.snapshot(), question, answer->text);
    ASSERT_TRUE(one);
    sum += *one;
  }
  const auto tokens = static_cast<double>(sum.tokens);
  EXPECT_EQ(point.kl, static_cast<float>(sum.kl_sum / tokens));
  EXPECT_EQ(point.top1, static_cast<float>(static_cast<double>(sum.top1_agree) / tokens));
  EXPECT_GT(points.front().kl, 10 * points.back().kl);
}

TEST_F(CardQualities, the_last_point_is_the_whole_card) {
  const auto wanted = order("progressive");
  const Card card = probed(wanted);
  const auto& last = card.manifest.curve.points().back();
  EXPECT_EQ(last.chunks, card.chunks.size());
  const auto probe = make_probe(reader_, full_, questions_);
  ASSERT_TRUE(probe);
  const auto whole = (*probe)(*decode(card, {.calibration = wanted.calibration}));
  ASSERT_TRUE(whole);
  EXPECT_EQ(card.manifest.divergence, *whole);
  EXPECT_EQ(last.kl, static_cast<float>(whole->kl));
}

TEST_F(CardQualities, points_stand_at_equal_factors_of_bytes) {
  const Card card = probed(order("progressive"));
  const auto& chunks = card.manifest.chunks;
  const auto bytes_of = [&](uint32_t count) {
    double bytes = 0;
    for (uint32_t i = 0; i < count; ++i) bytes += chunks[i].size_bytes;
    return bytes;
  };
  const double growth = std::pow(bytes_of(static_cast<uint32_t>(chunks.size())) / bytes_of(1), 1.0 / 23);
  uint32_t largest = 0;
  for (const auto& chunk : chunks) largest = std::max(largest, chunk.size_bytes);
  double before = 0;
  for (const auto& point : card.manifest.curve.points()) {
    const double bytes = bytes_of(point.chunks);
    if (before > 0) {
      EXPECT_LE(bytes, growth * (before + largest) + 2);  // rounding
    }
    before = bytes;
  }
}

TEST_F(CardQualities, other_cards_have_no_curve) {
  const Card card = probed(order("int8"));
  EXPECT_TRUE(card.manifest.divergence);
  EXPECT_TRUE(card.manifest.curve.empty());
}

}  // namespace
}  // namespace kvferry
