// SPDX-License-Identifier: MIT
#include "transport/udp_paths.h"

#include <gtest/gtest.h>

namespace kvferry {
namespace {

udp::endpoint port(std::uint16_t number) { return {asio::ip::address_v4::loopback(), number}; }

TEST(UdpPaths, CallsTheFirstAddressZero) {
  UdpPaths paths(port(1));
  EXPECT_EQ(paths.received_from(port(1)), 0u);
  EXPECT_EQ(paths.send_to(0), port(1));
  EXPECT_FALSE(paths.send_to(1));
}

TEST(UdpPaths, NumbersAddressesInTheOrderOfTheirArrival) {
  UdpPaths paths(port(1));
  EXPECT_EQ(paths.received_from(port(2)), 1u);
  EXPECT_EQ(paths.received_from(port(3)), 2u);
  EXPECT_EQ(paths.received_from(port(2)), 1u);
  EXPECT_EQ(paths.send_to(2), port(3));
}

TEST(UdpPaths, TellsHostsApart) {
  UdpPaths paths(port(1));
  EXPECT_EQ(paths.received_from({asio::ip::make_address("127.0.0.2"), 1}), 1u);
  EXPECT_EQ(paths.received_from({asio::ip::make_address("::1"), 1}), 2u);
}

TEST(UdpPaths, ForgetsTheOneThatWasUsedLongestAgo) {
  UdpPaths paths(port(1));
  for (std::uint16_t number = 2; number <= 4; ++number) (void)paths.received_from(port(number));
  (void)paths.send_to(0);
  EXPECT_EQ(paths.received_from(port(5)), 4u);
  EXPECT_FALSE(paths.send_to(1));
  EXPECT_EQ(paths.send_to(0), port(1));
  EXPECT_EQ(paths.received_from(port(2)), 5u) << "numbers are not used twice";
}

TEST(UdpPaths, KeepsTheOneInUseThroughAFloodOfAddresses) {
  UdpPaths paths(port(1));
  for (std::uint16_t number = 2; number < 2000; ++number) {
    (void)paths.received_from(port(number));
    EXPECT_TRUE(paths.send_to(0));
  }
}

}  // namespace
}  // namespace kvferry
