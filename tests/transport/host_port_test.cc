// SPDX-License-Identifier: MIT
#include "transport/host_port.h"

#include <gtest/gtest.h>

namespace kvferry {
namespace {

std::string error_of(std::string_view text) {
  auto parsed = HostPort::parse(text);
  return parsed ? "accepted" : parsed.error().message;
}

TEST(HostPort, ParsesNamesAndBothKindsOfAddresses) {
  for (const char* text : {"127.0.0.1:4433", "[::1]:4433", "box.example:1", "127.0.0.1:0"}) {
    auto parsed = HostPort::parse(text);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->text(), text);
  }
  EXPECT_EQ(HostPort::parse("[::1]:65535")->host, "::1");
}

TEST(HostPort, SaysWhatIsWrong) {
  EXPECT_EQ(error_of("box"), "'box': no port, expected HOST:PORT");
  EXPECT_EQ(error_of(":80"), "':80': no host, expected HOST:PORT");
  EXPECT_EQ(error_of("::1:80"), "'::1:80': an IPv6 address needs square brackets, expected HOST:PORT");
  for (const char* text : {"a:65536", "a:", "a:-1", "a:8x", "a: 8"}) {
    EXPECT_EQ(error_of(text), "'" + std::string(text) + "': the port is not 0..65535, expected HOST:PORT");
  }
}

TEST(HostPort, ResolvesAddressesWithoutAskingAnyone) {
  auto endpoints = resolve({"127.0.0.1", 80}, std::chrono::seconds(0));
  ASSERT_TRUE(endpoints);
  ASSERT_EQ(endpoints->size(), 1u);
  EXPECT_EQ(host_port(endpoints->front()).text(), "127.0.0.1:80");
}

TEST(HostPort, ResolvesTheLocalName) {
  auto endpoints = resolve({"localhost", 80}, std::chrono::seconds(10));
  ASSERT_TRUE(endpoints) << endpoints.error().message;
  EXPECT_TRUE(endpoints->front().address().is_loopback());
}

}  // namespace
}  // namespace kvferry
