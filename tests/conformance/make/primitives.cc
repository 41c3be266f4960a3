// SPDX-License-Identifier: MIT
//
// Varints and ranges.
#include "tests/conformance/make/makers.h"

namespace kvferry::test {

void add_primitives(Collection& c) {
  c.accept("varint-0", "varint", "the least value", {0x00});
  c.accept("varint-63", "varint", "the most in one byte", {0x3f});
  c.accept("varint-64", "varint", "the least in two bytes", {0x40, 0x40});
  c.accept("varint-16384", "varint", "the least in four bytes", {0x80, 0x00, 0x40, 0x00});
  c.accept("varint-max", "varint", "the greatest value", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
  c.reject("varint-long-0", "varint", "zero in two bytes", "shortest", {0x40, 0x00});
  c.reject("varint-long-63", "varint", "63 in four bytes", "shortest", {0x80, 0x00, 0x00, 0x3f});
  c.reject("varint-cut", "varint", "the first of two bytes", "truncated", {0x40});
  c.accept("ranges", "ranges", "0, 1 and 9", {0x00, 0x02, 0x07, 0x01});
  c.accept("ranges-empty", "ranges", "none", {});
  c.reject("ranges-touching", "ranges", "two ranges that are one", "touching", {0x00, 0x01, 0x00, 0x01});
  c.reject("ranges-of-none", "ranges", "a range without members", "empty", {0x00, 0x00});
  c.reject("ranges-cut", "ranges", "a gap without a length", "truncated", {0x00, 0x01, 0x05});
}

}  // namespace kvferry::test
