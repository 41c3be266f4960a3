// SPDX-License-Identifier: MIT
#include "transport/store/redis_address.h"

#include <gtest/gtest.h>

namespace kvferry::test {
namespace {

TEST(RedisAddress, is_read_and_written) {
  for (const char* text : {"redis://box.example:6379", "redis://127.0.0.1:1/3", "redis://[::1]:6379",
                           "redis://agent@box:6379/15", "redis+unix:///run/redis.sock"}) {
    ASSERT_TRUE(RedisAddress::is_one(text));
    const auto address = RedisAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
  EXPECT_EQ(RedisAddress::parse("redis://[::1]:6379")->host, "::1");
  EXPECT_FALSE(RedisAddress::is_one("redis/pool"));
}

TEST(RedisAddress, says_what_was_expected) {
  for (const char* text :
       {"redis://", "redis://box", "redis://:1", "redis://box:0", "redis://box:65536", "redis://box:1/x",
        "redis://box:1/99999", "redis+unix://", "redis+unix://relative"}) {
    const auto address = RedisAddress::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_NE(address.error().message.find("expected redis://"), std::string::npos);
  }
}

TEST(RedisAddress, takes_no_password_that_others_could_see) {
  const auto address = RedisAddress::parse("redis://:secret@box:6379");
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().message.find("secret"), std::string::npos);
  EXPECT_NE(address.error().message.find("KVFERRY_REDIS_PASSWORD"), std::string::npos);
}

}  // namespace
}  // namespace kvferry::test
