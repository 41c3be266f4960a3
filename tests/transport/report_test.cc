// SPDX-License-Identifier: MIT
#include "scenarios/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace kvferry {
namespace {

TEST(Report, SaysBytesInTheUnitThatReadsBest) {
  EXPECT_EQ(bytes_text(0), "0 bytes");
  EXPECT_EQ(bytes_text(1), "1 byte");
  EXPECT_EQ(bytes_text(999), "999 bytes");
  EXPECT_EQ(bytes_text(1000), "1 kB");
  EXPECT_EQ(bytes_text(61345), "61.3 kB");
  EXPECT_EQ(bytes_text(999600), "1 MB");
  EXPECT_EQ(bytes_text(1250000000), "1.25 GB");
}

TEST(Report, SaysDurationsInTheUnitThatReadsBest) {
  EXPECT_EQ(duration_text(std::chrono::nanoseconds(813400)), "813 µs");
  EXPECT_EQ(duration_text(std::chrono::microseconds(999600)), "1 s");
  EXPECT_EQ(duration_text(milliseconds(12)), "12 ms");
  EXPECT_EQ(duration_text(milliseconds(1250)), "1.25 s");
}

TEST(Report, KeepsWholeNumbersWhole) {
  EXPECT_EQ(number_text(1e6), "1000000");
  EXPECT_EQ(number_text(7.8125), "7.812");
  EXPECT_EQ(number_text(0.00012345), "0.0001234");
  EXPECT_EQ(count_text(1, "chunk"), "1 chunk");
  EXPECT_EQ(count_text(0, "chunk"), "0 chunks");
}

TEST(Report, AddsBothDirectionsByClass) {
  Ledger ledger;
  ledger.sent = {1, 2, 3, 4, 5, 6};
  ledger.received = {10, 20, 30, 40, 50, 60};
  const ByteClasses wire = on_the_wire(ledger);
  EXPECT_EQ(wire, (ByteClasses{11, 22, 33, 44, 55, 66}));
  EXPECT_EQ(
      wire_text(wire),
      "231 bytes: payload 11 bytes, framing 22 bytes, signalling 33 bytes, acks 44 bytes, retransmitted 55 "
      "bytes, fec 66 bytes");
  EXPECT_EQ(
      wire_json(wire).dump(),
      R"({"payload":11,"framing":22,"signalling":33,"acks":44,"retransmitted":55,"fec":66,"total":231})");
}

}  // namespace
}  // namespace kvferry
