// SPDX-License-Identifier: MIT
//
// Roots with a quality curve.
#include <limits>

#include "tests/conformance/make/makers.h"
#include "tests/protocol/packed_points.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

// The root of so many chunks, and key 16 with these bytes.
Bytes root_with(const Bytes& curve, std::uint32_t chunks = 3) {
  Bytes root = encode_manifest(sample_card(1, chunks, 40).manifest).root;
  ++root[0];  // keys
  root.push_back(16);
  if (curve.size() < 256) {
    root.push_back(0xC4);
  } else {
    root.push_back(0xC5);
    root.push_back(static_cast<std::uint8_t>(curve.size() >> 8));
  }
  root.push_back(static_cast<std::uint8_t>(curve.size()));
  return joined(std::move(root), curve);
}

}  // namespace

void add_curves(Collection& c) {
  const Bytes good = packed_points({{1, 2.5F, 0.5F}, {2, 0.01F, 0.99F}});
  c.accept("manifest-curve", "manifest", "a root with a quality curve", root_with(good));
  const std::vector<QualityPoint> most(64, {1, 1, 0.5F});
  c.accept("manifest-curve-64-points", "manifest", "a quality curve of 64 points",
           root_with(packed_points(most), 70));
  const auto reject = [&](const char* fault, const char* what, const char* why, const Bytes& root) {
    c.reject(std::string("manifest-curve-") + fault, "manifest", what, why, root);
  };
  reject("empty", "a quality curve of no points", "expected it absent", root_with({}));
  reject("cut", "the last byte of a quality curve is missing", "truncated", root_with(without_last(good)));
  reject("trailing", "a byte after a quality curve", "truncated", root_with(joined(good, {1})));
  reject("long-varint", "two bytes for a number below 64", "shortest form", root_with(joined({0x40}, good)));
  reject("65-points", "a quality curve of 65 points", "more than 64 points",
         root_with(joined(packed_points(most), packed_points({{1, 1, 0.5F}})), 70));
  reject("no-chunks", "a point of no chunks", "expected more than 0",
         root_with(packed_points({{0, 1, 0.5F}})));
  reject("not-ascending", "two points of as many chunks", "expected more than 1",
         root_with(packed_points({{1, 2.5F, 0.5F}, {0, 0.01F, 0.99F}})));
  reject("beyond", "a point of four chunks of three", "the table has 3",
         root_with(packed_points({{1, 2.5F, 0.5F}, {3, 0.01F, 0.99F}})));
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  reject("nan", "a divergence that is not a number", "expected finite",
         root_with(packed_points({{1, kNan, 0.5F}})));
  reject("minus-zero", "a divergence of -0", "expected finite", root_with(packed_points({{1, -0.0F, 0.5F}})));
  reject("agreement", "an agreement above 1", "expected 0 to 1", root_with(packed_points({{1, 2.5F, 1.5F}})));
}

}  // namespace kvferry::test
