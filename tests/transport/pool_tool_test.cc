// SPDX-License-Identifier: MIT
//
// The wire tool with a pool: served from, fetched and received into, looked at by hand.
#include <fstream>
#include <list>

#include "tests/transport/store/redis_server.h"
#include "tests/transport/tool.h"

namespace kvferry::test {
namespace {

class PoolTool : public KvferryTool {
 protected:
  void SetUp() override {
    KvferryTool::SetUp();
    pool_ = (folder_ / "pool").string();
  }
  static void expect_failure(const Finished& ended, const std::string& line) {
    EXPECT_EQ(ended.status, 1);
    EXPECT_EQ(ended.err, "kvferry: " + line + "\n");
    EXPECT_EQ(ended.out, "");
  }
  [[nodiscard]] Words serve_pool(const std::string& pool, const std::string& transport = "tcp") const {
    return {"serve", "--pool", pool, "--listen", "127.0.0.1:0", "--transport", transport, "--insecure"};
  }
  [[nodiscard]] std::string digest() const { return card_.digest().hex(); }
  // A card that shares its chunks with the one of the fixture, and has one more.
  [[nodiscard]] Card next_version() const {
    Card next = card_;
    ChunkInfo info = next.manifest.chunks.back();
    Rng rng(77);
    add_chunk(next, info, Slice(random_bytes(rng, 2000)));
    return next;
  }
  std::string write_next() const {
    const std::string file = (folder_ / "next.card").string();
    EXPECT_TRUE(write_card_file(file, next_version()));
    return file;
  }

  std::string pool_;
};

TEST_F(PoolTool, puts_lists_and_removes) {
  EXPECT_EQ(tool({"pool", "put", pool_, file_}).out, digest() + " sample\n");
  EXPECT_EQ(tool({"pool", "put", pool_, file_}).out, digest() + " sample (was here)\n");
  EXPECT_EQ(tool({"pool", "bind", pool_, "other", "sample"}).status, 0);
  const std::string listed = tool({"pool", "list", pool_}).out;
  EXPECT_EQ(listed.find(digest()), 0u) << listed;
  EXPECT_NE(listed.find("  other  sample\n"), std::string::npos) << listed;
  const std::string json = tool({"pool", "list", pool_, "--json"}).out;
  EXPECT_EQ(json.find("{\"cards\":[{\"card\":\"" + digest() + "\",\"payload_bytes\":"), 0u) << json;
  EXPECT_EQ(tool({"pool", "verify", pool_}).out, "1 card: every digest is right\n");
  EXPECT_EQ(tool({"pool", "remove", pool_, "other"}).status, 0);
  EXPECT_EQ(tool({"pool", "list", pool_}).out, "");
  expect_failure(tool({"pool", "remove", pool_, digest()}),
                 pool_ + ": no card with digest " + digest() + " here");
  expect_failure(tool({"pool", "remove", pool_, "sample"}), pool_ + ": no card named 'sample' here");
}

TEST_F(PoolTool, gets_a_card_back) {
  ASSERT_EQ(tool({"pool", "put", pool_, file_, "--name", "notes"}).status, 0);
  const Finished got = tool({"pool", "get", pool_, "notes", "--into", into()});
  const std::string file = into() + "/" + digest() + ".card";
  EXPECT_EQ(got.out, file + "\n") << got.err;
  EXPECT_EQ(read_file(file), read_file(file_));
}

TEST_F(PoolTool, stat_counts_what_is_shared) {
  ASSERT_EQ(tool({"pool", "put", pool_, file_, write_next(), "--pool-bytes", "1MB"}).status, 0);
  const std::string out = tool({"pool", "stat", pool_}).out;
  EXPECT_EQ(out.find("cards      2 cards under 2 names\n"), 0u) << out;
  EXPECT_NE(out.find("of at most 1 MB\nchunks     6 chunks, 5 of them shared, which saves "),
            std::string::npos)
      << out;
  const std::string json = tool({"pool", "stat", pool_, "--json"}).out;
  EXPECT_NE(json.find("\"max_bytes\":1000000,\"chunks\":6,\"shared_chunks\":5,"), std::string::npos) << json;
}

TEST_F(PoolTool, a_pool_that_is_none_is_one_line) {
  expect_failure(tool({"pool", "list", pool_}), pool_ + ": no such folder, expected a pool");
  expect_failure(tool({"serve", "--pool", folder_.string(), "--insecure"}),
                 folder_.string() + "/format: missing, expected a pool or an empty folder");
  fs::create_directory(pool_);
  std::ofstream(pool_ + "/format") << "kvferry pool 2\n";
  expect_failure(tool({"pool", "put", pool_, file_}),
                 pool_ + "/format: a pool of another version, 'kvferry pool 2', expected 'kvferry pool 1'");
}

TEST_F(PoolTool, wrong_usage_is_status_2) {
  for (const Words& words : std::vector<Words>{{"serve", "--insecure"},
                                               {"serve", file_, "--pool", pool_, "--insecure"},
                                               {"serve", file_, "--pool-bytes", "5", "--insecure"},
                                               {"pool"},
                                               {"pool", "put", pool_},
                                               {"pool", "put", pool_, file_, file_, "--name", "n"},
                                               {"pool", "list", "redis://nowhere"},
                                               {"pool", "put", pool_, file_, "--pool-bytes", "some"}}) {
    const Finished ended = tool(words);
    EXPECT_EQ(ended.status, 2) << words[0] << ": " << ended.err;
    EXPECT_EQ(lines(ended.err), 1) << ended.err;
  }
}

TEST_F(PoolTool, damage_is_named_line_by_line_and_costs_nothing_else) {
  ASSERT_EQ(tool({"pool", "put", pool_, file_}).status, 0);
  const std::string pack = fs::directory_iterator(pool_ + "/packs")->path().string();
  ASSERT_EQ(tool({"pool", "put", pool_, write_next()}).status, 0);
  std::fstream(pack, std::ios::in | std::ios::out | std::ios::binary).seekp(20).put('!').put('!');
  const Finished verified = tool({"pool", "verify", pool_});
  EXPECT_EQ(verified.status, 1);
  EXPECT_EQ(lines(verified.out), 2) << verified.out;
  EXPECT_NE(verified.out.find(pack + ": damaged at byte 8: chunk 0"), std::string::npos) << verified.out;
  EXPECT_EQ(verified.err, "kvferry: " + pool_ +
                              ": 2 damaged, as listed; `kvferry pool remove` the cards, or put them again\n");
  // The server tells its operator where, and the peer only that.
  Process server("kvferry", serve_pool(pool_));
  const std::string where = server.listening_on();
  const Finished fetched = tool(fetch_words(where, "sample", "tcp"));
  EXPECT_EQ(fetched.status, 1);
  EXPECT_EQ(lines(fetched.err), 1);
  EXPECT_NE(fetched.err.find("the card cannot be read here"), std::string::npos) << fetched.err;
  EXPECT_EQ(fetched.err.find(pool_), std::string::npos);
  EXPECT_NE(server.interrupt().err.find(pack), std::string::npos);
  for (const std::string& file : {file_, (folder_ / "next.card").string()})
    EXPECT_EQ(tool({"pool", "put", pool_, file}).status, 0);
  EXPECT_EQ(tool({"pool", "verify", pool_}).status, 0);
}

TEST_F(PoolTool, serves_what_is_put_in_later) {
  for (const std::string transport : {"tcp", "udp"}) {
    const std::string pool = pool_ + transport;
    Process server("kvferry", serve_pool(pool, transport));
    const std::string where = server.listening_on();
    const Finished early = tool(fetch_words(where, "sample", transport));
    EXPECT_EQ(early.err, "kvferry: " + where + " refused: no card named 'sample' here\n");
    ASSERT_EQ(tool({"pool", "put", pool, file_}).status, 0);
    const Finished fetched = tool(fetch_words(where, "sample", transport));
    EXPECT_EQ(fetched.status, 0) << fetched.err;
    const fs::path file = fs::path(into()) / (digest() + ".card");
    EXPECT_EQ(read_file(file), read_file(file_));
    fs::remove(file);
    // Another version under the same name.
    ASSERT_EQ(tool({"pool", "put", pool, write_next(), "--name", "sample"}).status, 0);
    EXPECT_EQ(
        tool(fetch_words(where, "sample", transport)).out.find(into() + "/" + next_version().digest().hex()),
        0u);
    fs::remove(fs::path(into()) / (next_version().digest().hex() + ".card"));
  }
}

TEST_F(PoolTool, fetches_into_a_pool_once) {
  Process server("kvferry", serve_words(file_, "tcp"));
  const std::string where = server.listening_on();
  const Finished first = tool({"fetch", where, "--document", "sample", "--pool", pool_, "--insecure"});
  EXPECT_EQ(first.out.find(digest() + "\nwire  "), 0u) << first.out << first.err;
  EXPECT_EQ(tool({"pool", "verify", pool_}).out, "1 card: every digest is right\n");
  EXPECT_TRUE(fs::is_empty(pool_ + "/incoming"));
  const Finished again =
      tool({"fetch", where, "--document", "sample", "--pool", pool_, "--insecure", "--json"});
  EXPECT_NE(again.out.find("\"payload\":0,"), std::string::npos) << again.out;
  (void)server.interrupt();
  // By digest it needs no server at all.
  const Finished here = tool({"fetch", where, digest(), "--pool", pool_, "--insecure"});
  EXPECT_EQ(here.status, 0) << here.err;
  EXPECT_EQ(here.out, digest() + "\nwire  nothing: it is in the pool\n");
}

TEST_F(PoolTool, chunks_of_other_versions_are_not_sent_again) {
  ASSERT_EQ(tool({"pool", "put", pool_, file_}).status, 0);
  Process server("kvferry", serve_words(write_next(), "tcp"));
  const Finished fetched =
      tool({"fetch", server.listening_on(), "--document", "next", "--pool", pool_, "--insecure", "--json"});
  EXPECT_EQ(fetched.status, 0) << fetched.err;
  EXPECT_NE(fetched.out.find("\"payload\":2000,"), std::string::npos) << fetched.out;
  EXPECT_EQ(tool({"pool", "verify", pool_}).out, "2 cards: every digest is right\n");
}

TEST_F(PoolTool, a_damaged_card_is_fetched_anew) {
  ASSERT_EQ(tool({"pool", "put", pool_, file_}).status, 0);
  const std::string pack = fs::directory_iterator(pool_ + "/packs")->path().string();
  std::fstream(pack, std::ios::in | std::ios::out | std::ios::binary).seekp(20).put('!').put('!');
  Process server("kvferry", serve_words(file_, "tcp"));
  const Finished fetched = tool({"fetch", server.listening_on(), digest(), "--pool", pool_, "--insecure"});
  EXPECT_EQ(fetched.status, 0) << fetched.err;
  EXPECT_EQ(tool({"pool", "verify", pool_}).status, 0);
}

TEST_F(PoolTool, receives_into_a_pool_that_is_served_meanwhile) {
  Process receiver("kvferry", {"receive", "--pool", pool_, "--listen", "127.0.0.1:0", "--insecure"});
  Process server("kvferry", serve_pool(pool_));
  ASSERT_EQ(tool({"send", file_, receiver.listening_on(), "--insecure"}).status, 0);
  EXPECT_TRUE(fs::is_empty(pool_ + "/incoming"));
  const Finished fetched = tool(fetch_words(server.listening_on(), "sample", "tcp"));
  EXPECT_EQ(fetched.status, 0) << fetched.err;
  const Finished ended = receiver.interrupt();
  EXPECT_NE(ended.err.find("info received peer="), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("card=" + digest()), std::string::npos) << ended.err;
}

TEST_F(PoolTool, what_the_pool_does_not_take_is_kept) {
  Process server("kvferry", serve_words(file_, "tcp"));
  const std::string where = server.listening_on();
  const Words words{"fetch", where, digest(), "--pool", pool_, "--insecure", "--pool-bytes"};
  Words small = words, large = words;
  small.emplace_back("1000");
  large.emplace_back("1MB");
  const Finished refused = tool(small);
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(lines(refused.err), 1);
  EXPECT_NE(refused.err.find("and the pool's bound is 1000; what came is kept in " + pool_ + "/incoming/"),
            std::string::npos)
      << refused.err;
  (void)server.interrupt();
  Process again("kvferry", serve_words(file_, "tcp", where));
  (void)again.listening_on();
  large.emplace_back("--json");
  const Finished fetched = tool(large);
  EXPECT_EQ(fetched.status, 0) << fetched.err;
  EXPECT_NE(fetched.out.find("\"payload\":0,"), std::string::npos) << fetched.out;
  EXPECT_TRUE(fs::is_empty(pool_ + "/incoming"));
}

TEST_F(PoolTool, a_redis_serves_several_machines) {
  RedisServer redis;
  const std::string pool = redis.where();
  ASSERT_EQ(tool({"pool", "put", pool, file_}).status, 0);
  EXPECT_EQ(tool({"pool", "verify", pool}).out, "1 card: every digest is right\n");
  Process server("kvferry", serve_pool(pool));
  const std::string where = server.listening_on();
  EXPECT_EQ(tool(fetch_words(where, "sample", "tcp")).status, 0);
  EXPECT_EQ(tool({"fetch", where, "--document", "sample", "--pool", pool_, "--insecure"}).status, 0);
  Process receiver("kvferry", {"receive", "--pool", pool, "--listen", "127.0.0.1:0", "--insecure"});
  ASSERT_EQ(tool({"send", write_next(), receiver.listening_on(), "--insecure"}).status, 0);
  EXPECT_EQ(tool({"fetch", where, "--document", "next", "--into", into(), "--insecure"}).status, 0);
  redis.kill();
  const Finished refused = tool(fetch_words(where, "sample", "tcp"));
  EXPECT_EQ(refused.err, "kvferry: " + where + " refused: the card cannot be read here\n");
  const Finished listed = tool({"pool", "list", pool});
  EXPECT_EQ(listed.status, 1);
  EXPECT_EQ(listed.err.find("kvferry: " + pool + ": cannot connect: "), 0u) << listed.err;
}

}  // namespace
}  // namespace kvferry::test
