// SPDX-License-Identifier: MIT
//
// Section 8, root key 16: points of (gap, KL divergence, top-1 agreement).
#include "protocol/card/quality_curve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/protocol/packed_points.h"

namespace kvferry::test {
namespace {

QualityCurve curve_of(std::vector<QualityPoint> points) {
  auto curve = QualityCurve::from_points(std::move(points));
  EXPECT_TRUE(curve.ok()) << curve.error().message;
  return std::move(*curve);
}

std::string why(const Result<QualityCurve>& curve) { return curve ? "" : curve.error().message; }

TEST(QualityCurves, read_back_as_they_were) {
  const QualityCurve curve = curve_of({{1, 3.5F, 0}, {70, 0.25F, 0.5F}, {0xFFFFFFFF, 0, 1}});
  Bytes bytes;
  curve.serialize(bytes);
  EXPECT_EQ(bytes, packed_points({{1, 3.5F, 0}, {69, 0.25F, 0.5F}, {0xFFFFFFFF - 70, 0, 1}}));
  EXPECT_EQ(*QualityCurve::parse(bytes), curve);
  EXPECT_TRUE(QualityCurve::parse({})->empty());
}

// MAN-5
TEST(QualityCurves, ascend_from_one_chunk_on) {
  EXPECT_EQ(why(QualityCurve::parse(packed_points({{0, 1, 0}}))), "point 0: 0 chunks, expected more than 0");
  EXPECT_EQ(why(QualityCurve::parse(packed_points({{3, 1, 0}, {0, 1, 0}}))),
            "point 1: 3 chunks, expected more than 3");
  EXPECT_EQ(why(QualityCurve::from_points({{3, 1, 0}, {2, 1, 0}})),
            "point 1: 2 chunks, expected more than 3");
  EXPECT_EQ(why(QualityCurve::parse(packed_points({{0xFFFFFFFF, 1, 0}, {1, 1, 0}}))),
            "point 1: chunks above 2^32 - 1");
}

// MAN-5
TEST(QualityCurves, hold_finite_divergences_and_shares) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const float kl : {kNan, -kNan, kInfinity, -0.0F, -1.0F}) {
    const std::string refusal = why(QualityCurve::parse(packed_points({{1, kl, 0}})));
    EXPECT_EQ(refusal.rfind("point 0: KL divergence ", 0), 0U) << refusal;
    EXPECT_EQ(why(QualityCurve::from_points({{1, kl, 0}})), refusal);
  }
  for (const float top1 : {kNan, kInfinity, -0.0F, -0.5F, std::nextafter(1.0F, 2.0F)}) {
    const std::string refusal = why(QualityCurve::parse(packed_points({{1, 2, 0.5F}, {1, 1, top1}})));
    EXPECT_EQ(refusal.rfind("point 1: top-1 agreement ", 0), 0U) << refusal;
    EXPECT_NE(refusal.find(", expected 0 to 1"), std::string::npos) << refusal;
  }
}

// MAN-5
TEST(QualityCurves, have_64_points_at_most) {
  std::vector<QualityPoint> points;
  for (std::uint32_t i = 1; i <= QualityCurve::kMaxPoints; ++i) points.push_back({i, 1, 0});
  Bytes bytes;
  curve_of(points).serialize(bytes);
  EXPECT_TRUE(QualityCurve::parse(bytes).ok());
  append(bytes, packed_points({{1, 1, 0}}));
  EXPECT_EQ(why(QualityCurve::parse(bytes)), "more than 64 points");
  points.push_back({65, 1, 0});
  EXPECT_EQ(why(QualityCurve::from_points(points)), "more than 64 points");
}

// PRM-1, IGN-1
TEST(QualityCurves, that_are_cut_or_longer_than_needed_are_refused) {
  const Bytes bytes = packed_points({{1, 2, 0.5F}, {100, 1, 0.75F}});
  const std::string refusal = "truncated, or a varint that is not the shortest form";
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    if (size == 9) continue;  // the first point alone
    const std::string point = size < 9 ? "point 0: " : "point 1: ";
    EXPECT_EQ(why(QualityCurve::parse(ByteView(bytes).first(size))), point + refusal) << size;
  }
  Bytes trailing = bytes;
  trailing.push_back(0);
  EXPECT_EQ(why(QualityCurve::parse(trailing)), "point 2: " + refusal);
  Bytes longer = {0x40};
  append(longer, bytes);
  EXPECT_EQ(why(QualityCurve::parse(longer)), "point 0: " + refusal);
}

TEST(QualityCurves, say_what_so_many_chunks_in_order_are_worth) {
  const QualityCurve curve = curve_of({{3, 2, 0.5F}, {10, 0.5F, 0.75F}, {20, 0, 1}});
  EXPECT_EQ(curve.at(2), std::nullopt);
  EXPECT_EQ(curve.at(3), (QualityPoint{3, 2, 0.5F}));
  EXPECT_EQ(curve.at(9), (QualityPoint{3, 2, 0.5F}));
  EXPECT_EQ(curve.at(10), (QualityPoint{10, 0.5F, 0.75F}));
  EXPECT_EQ(curve.at(0xFFFFFFFF), (QualityPoint{20, 0, 1}));
  EXPECT_EQ(curve.chunks(), 20U);
  EXPECT_EQ(QualityCurve().at(5), std::nullopt);
  EXPECT_EQ(QualityCurve().chunks(), 0U);
}

TEST(QualityCurves, say_how_many_chunks_reach_an_agreement) {
  const QualityCurve curve = curve_of({{3, 2, 0.5F}, {10, 0.5F, 0.9F}, {20, 0, 0.99F}});
  EXPECT_EQ(curve.chunks_for(0), 3U);
  EXPECT_EQ(curve.chunks_for(0.9), 10U);  // although 0.9 rounds down
  EXPECT_EQ(curve.chunks_for(0.95), 20U);
  EXPECT_EQ(curve.chunks_for(1), std::nullopt);
  EXPECT_EQ(QualityCurve().chunks_for(0), std::nullopt);
}

}  // namespace
}  // namespace kvferry::test
