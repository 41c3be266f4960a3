// SPDX-License-Identifier: MIT
//
// A Redis that is not as it should be: a line that says what, no wait without a bound, and nothing lost.
#include <chrono>
#include <cstdlib>

#include "tests/transport/store/any_store.h"
#include "tests/transport/store/child.h"

namespace kvferry::test {
namespace {

class RedisPoolTest : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<CardStore> open() const { return open_store(redis_.where(), {}).value(); }
  [[nodiscard]] std::string chunk_key(std::size_t index) const {
    return "kvferry:chunk:" + card_.manifest.chunks[index].digest.hex();
  }
  void expect_line(const std::string& line, const std::string& part) const {
    EXPECT_EQ(line.find(redis_.where() + ": "), 0u) << line;
    EXPECT_NE(line.find(part), std::string::npos) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  }
  static std::string complaint(CardStore& store, const Card& card) {
    const auto source = store.find(card.digest());
    if (!source) return source.error().message;
    if (!*source) return "not here";
    const auto whole = read_whole(**source);
    return whole ? "" : whole.error().message;
  }

  RedisServer redis_;
  Card card_ = card_of_chunks({1, 2, 3}, 5000), other_ = card_of_chunks({7, 8}, 5000);
};

TEST_F(RedisPoolTest, a_redis_that_goes_in_mid_transfer_ends_it_with_a_line) {
  const auto store = open();
  put(*store, card_);
  const auto source = store->find(card_.digest()).value();
  ASSERT_TRUE(source->chunk(0));
  redis_.kill();
  EXPECT_TRUE(source->chunk(0));  // has been read
  const auto chunk = source->chunk(1);
  ASSERT_FALSE(chunk);
  expect_line(chunk.error().message, "");
  EXPECT_FALSE(store->put(other_));
  EXPECT_FALSE(store->find(card_.digest()));
  EXPECT_FALSE(store->list());
}

TEST_F(RedisPoolTest, goes_on_when_redis_is_back) {
  const auto store = open();
  put(*store, card_);
  redis_.restart();
  EXPECT_FALSE(has(*store, card_));
  EXPECT_TRUE(put(*store, card_));
  EXPECT_TRUE(has(*store, card_));
}

TEST_F(RedisPoolTest, no_redis_is_a_line) {
  redis_.kill();
  const auto opened = open_store(redis_.where(), {});
  ASSERT_FALSE(opened);
  expect_line(opened.error().message, "cannot connect: ");
  EXPECT_FALSE(open_store("redis://127.0.0.1:1", {}));
  EXPECT_FALSE(open_store("redis://no-such-host.invalid:6379", {}));
}

TEST_F(RedisPoolTest, a_redis_that_says_nothing_is_not_waited_for_without_end) {
  StoreOptions options;
  options.patience = std::chrono::milliseconds(500);
  const auto store = open_store(redis_.where(), options).value();
  put(*store, card_);
  redis_.pause();
  const auto begun = std::chrono::steady_clock::now();
  const auto found = store->find(card_.digest());
  ASSERT_FALSE(found);
  expect_line(found.error().message, "no answer in time");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(8));
}

TEST_F(RedisPoolTest, an_authentication_error_is_a_line) {
  EXPECT_EQ(redis_.say({"CONFIG", "SET", "requirepass", "open sesame"}), "OK");
  const auto without = open_store(redis_.where(), {});
  ASSERT_FALSE(without);
  expect_line(without.error().message, "NOAUTH");
  ::setenv("KVFERRY_REDIS_PASSWORD", "wrong", 1);
  const auto wrong = open_store(redis_.where(), {});
  ASSERT_FALSE(wrong);
  expect_line(wrong.error().message, "WRONGPASS");
  EXPECT_EQ(wrong.error().message.find("wrong "), std::string::npos);
  ::setenv("KVFERRY_REDIS_PASSWORD", "open sesame", 1);
  EXPECT_TRUE(open_store(redis_.where(), {}));
  ::unsetenv("KVFERRY_REDIS_PASSWORD");
}

TEST_F(RedisPoolTest, a_wrong_type_under_a_key_names_the_key) {
  const auto store = open();
  put(*store, card_);
  put(*store, other_);
  redis_.say({"DEL", chunk_key(1)});
  redis_.say({"LPUSH", chunk_key(1), "x"});
  expect_line(complaint(*store, card_), chunk_key(1) + ": WRONGTYPE");
  const std::string entry = "kvferry:card:" + card_.digest().hex();
  redis_.say({"DEL", entry});
  redis_.say({"SET", entry, "x"});
  expect_line(complaint(*open(), card_), entry + ": WRONGTYPE");
  const auto done = store->put(card_);
  ASSERT_FALSE(done);
  expect_line(done.error().message, entry + ": WRONGTYPE");
  EXPECT_EQ(complaint(*store, other_), "");
  ASSERT_EQ(store->list()->damaged.size(), 1u);
  EXPECT_EQ(store->list()->cards.size(), 1u);
}

TEST_F(RedisPoolTest, a_damaged_value_is_named_and_never_given) {
  const auto store = open();
  put(*store, card_);
  put(*store, other_);
  redis_.say({"SETRANGE", chunk_key(2), "17", "damaged"});
  expect_line(complaint(*store, card_), chunk_key(2) + ": damaged, its value has the digest ");
  redis_.say({"APPEND", chunk_key(2), "x"});
  expect_line(complaint(*store, card_), chunk_key(2) + ": 5001 bytes, expected a chunk of 5000");
  redis_.say({"DEL", chunk_key(2)});
  expect_line(complaint(*store, card_), chunk_key(2) + ": missing, expected a chunk");
  EXPECT_EQ(complaint(*store, other_), "");
}

TEST_F(RedisPoolTest, a_damaged_manifest_names_the_card) {
  put(*open(), card_);
  const std::string entry = "kvferry:card:" + card_.digest().hex();
  redis_.say({"HSET", entry, "manifest", "nonsense"});
  expect_line(complaint(*open(), card_), entry + ": ");
  EXPECT_EQ(*open()->remove(card_.digest()), true);
  EXPECT_TRUE(put(*open(), card_));
  EXPECT_EQ(complaint(*open(), card_), "");
}

TEST_F(RedisPoolTest, a_removed_card_heals_when_it_is_put_again) {
  const auto store = open();
  put(*store, card_);
  redis_.say({"SETRANGE", chunk_key(0), "17", "damaged"});
  EXPECT_EQ(*store->remove(card_.digest()), true);
  EXPECT_TRUE(put(*store, card_));
  EXPECT_EQ(complaint(*store, card_), "");
}

TEST_F(RedisPoolTest, a_full_redis_is_a_line_and_loses_nothing) {
  const auto store = open();
  put(*store, card_);
  redis_.say({"CONFIG", "SET", "maxmemory", "2mb"});
  const auto done = store->put(card_of_chunks({20, 21, 22, 23}, 1'000'000));
  ASSERT_FALSE(done);
  expect_line(done.error().message, "OOM command not allowed");
  EXPECT_EQ(complaint(*store, card_), "");
  EXPECT_EQ(statistics(*store).cards, 1u);
  redis_.say({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(put(*store, card_of_chunks({20, 21, 22, 23}, 1'000'000)));
}

TEST_F(RedisPoolTest, another_version_is_refused) {
  redis_.say({"SET", "kvferry:format", "2"});
  const auto opened = open_store(redis_.where(), {});
  ASSERT_FALSE(opened);
  expect_line(opened.error().message, "kvferry:format: a pool of version '2', expected '1'");
  redis_.say({"DEL", "kvferry:format"});
  StoreOptions must_be_there;
  must_be_there.create = false;
  EXPECT_FALSE(open_store(redis_.where(), must_be_there));
}

TEST_F(RedisPoolTest, a_killed_writer_leaves_the_whole_card_or_none) {
  Rng rng(5);
  put(*open(), other_);
  for (int i = 0; i < 30; ++i) {
    const Card card = card_of_chunks({100, 200 + static_cast<std::uint64_t>(i), 300}, 300'000);
    Child child([&] { return put(*open(), card); });
    ::usleep(static_cast<unsigned>(rng.below(12'000)));
    child.kill();
    const auto store = open();
    const auto found = read_card(*store, card.digest());
    EXPECT_TRUE(!found || same_bytes(*found, card));
    put(*store, card);
    EXPECT_TRUE(has(*store, card));
    EXPECT_EQ(*store->remove(card.digest()), true);
  }
  EXPECT_EQ(complaint(*open(), other_), "");
}

// What was uploaded for a card that never came expires.
TEST_F(RedisPoolTest, uploads_without_a_card_expire) {
  const auto store = open();
  put(*store, card_);
  EXPECT_EQ(redis_.say({"TTL", chunk_key(0)}), "-1");
  redis_.say({"CONFIG", "SET", "maxmemory", "3mb"});
  const Card large = card_of_chunks({20, 21, 22, 23}, 1'000'000);
  EXPECT_FALSE(store->put(large));
  const std::string left = redis_.say({"TTL", "kvferry:chunk:" + large.manifest.chunks[0].digest.hex()});
  EXPECT_NE(left, "-1");
}

}  // namespace
}  // namespace kvferry::test
