// SPDX-License-Identifier: MIT
//
// kvferry fetch --follow: a document that changes at the server, over every transport.
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "protocol/card/shared_chunks.h"
#include "tests/protocol/sample_cards.h"
#include "tests/transport/tool.h"

namespace kvferry::test {
namespace {

constexpr std::uint32_t kChunks = 60;
constexpr std::size_t kMaxChunkBytes = 18'000;

// Version `number` differs from the one before in as many chunks.
std::vector<Card> versions(std::uint32_t count) {
  std::vector<Card> out{sample_card(1, kChunks, kMaxChunkBytes)};
  for (std::uint32_t number = 1; number < count; ++number) {
    Card card = out.back();
    const Card other = sample_card(100 + number, kChunks, kMaxChunkBytes);
    for (std::uint32_t i = 0; i < number; ++i) {
      card.manifest.chunks[i] = other.manifest.chunks[i];
      card.chunks[i] = other.chunks[i];
    }
    out.push_back(std::move(card));
  }
  return out;
}

std::uint64_t shared_bytes(const Card& card, const Card& base) {
  std::uint64_t bytes = 0;
  ChunksByDigest(base.manifest).shared_with(card.manifest).for_each([&](std::uint32_t i) {
    bytes += card.manifest.chunks[i].size_bytes;
  });
  return bytes;
}

class Following : public SecureTool, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    SecureTool::SetUp();
    fs::create_directories(shelf());
    publish(versions_[0]);
  }
  void publish(const Card& card) const { ASSERT_TRUE(write_card_file(shelf() / "notes.card", card)); }
  [[nodiscard]] fs::path shelf() const { return folder_ / "shelf"; }
  [[nodiscard]] Words with_security(Words words, const std::string& own, const std::string& theirs) const {
    words.insert(words.end(), {"--transport", GetParam()});
    if (GetParam() == "tcp" || GetParam() == "udp") {
      words.emplace_back("--insecure");
    } else {
      words.insert(words.end(), {"--key", path(own), "--peer-key", theirs});
    }
    return words;
  }
  [[nodiscard]] Words serving() const {
    return with_security({"serve", shelf().string(), "--listen", "127.0.0.1:0"}, "server.pem", client_key_);
  }
  [[nodiscard]] Words following(const std::string& where) const {
    return with_security({"fetch", where, "--document", "notes", "--into", into(), "--json", "--follow"},
                         "client.pem", server_key_);
  }
  [[nodiscard]] fs::path file_of(const Card& card) const {
    return fs::path(into()) / (card.digest().hex() + ".card");
  }
  [[nodiscard]] bool arrives(const Card& card) const {
    for (int i = 0; i < 1000 && !fs::exists(file_of(card)); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return fs::exists(file_of(card));
  }
  const std::vector<Card> versions_ = versions(4);
};

INSTANTIATE_TEST_SUITE_P(Transports, Following, testing::Values("tcp", "tls", "udp", "quic"),
                         [](const auto& each) { return each.param; });

TEST_P(Following, gets_every_version_and_of_each_only_what_changed) {
  Process server("kvferry", serving());
  Process reader("kvferry", following(server.listening_on()));
  ASSERT_TRUE(arrives(versions_[0]));
  for (std::size_t i = 1; i < versions_.size(); ++i) {
    publish(versions_[i]);
    ASSERT_TRUE(arrives(versions_[i])) << "version " << i;
    const auto card = read_card_file(file_of(versions_[i]));
    ASSERT_TRUE(card) << card.error().message;
    EXPECT_TRUE(card->verify().ok());
  }
  const Finished finished = reader.interrupt();
  EXPECT_EQ(finished.status, 0) << finished.err;
  std::istringstream out(finished.out);
  std::string line;
  for (std::uint32_t number = 0; std::getline(out, line); ++number) {
    const auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json.at("held_bytes"),
              number == 0 ? 0 : shared_bytes(versions_[number], versions_[number - 1]));
  }
  EXPECT_EQ(lines(finished.out), 4);
}

TEST_P(Following, sees_only_the_last_of_versions_that_came_at_once) {
  Process server("kvferry", serving());
  Process reader("kvferry", following(server.listening_on()));
  ASSERT_TRUE(arrives(versions_[0]));
  server.pause();
  publish(versions_[1]);
  publish(versions_[3]);
  server.go_on();
  EXPECT_TRUE(arrives(versions_[3]));
  EXPECT_EQ(reader.interrupt().status, 0);
  EXPECT_FALSE(fs::exists(file_of(versions_[1])));
}

TEST_P(Following, ends_with_a_line_when_the_server_goes) {
  Process server("kvferry", serving());
  const std::string where = server.listening_on();
  Process reader("kvferry", following(where));
  ASSERT_TRUE(arrives(versions_[0]));
  server.interrupt();
  const Finished finished = reader.wait();
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.err, "kvferry: " + where + " closed the connection: the server is stopping\n");
}

// From a pool into a pool, where a name is bound anew.
TEST_F(KvferryTool, FollowsANameInAPool) {
  const std::vector<Card> all = versions(3);
  const std::string theirs = (folder_ / "theirs").string(), ours = (folder_ / "ours").string();
  const auto publish = [&](const Card& card) {
    const std::string file = (folder_ / "notes.card").string();
    ASSERT_TRUE(write_card_file(file, card));
    ASSERT_EQ(tool({"pool", "put", theirs, file}).status, 0);
  };
  publish(all[0]);
  Process server("kvferry",
                 {"serve", "--pool", theirs, "--listen", "127.0.0.1:0", "--transport", "tcp", "--insecure"});
  Process reader("kvferry", {"fetch", server.listening_on(), "--document", "notes", "--pool", ours,
                             "--transport", "tcp", "--insecure", "--json", "--follow"});
  for (int i = 0; i < 3; ++i) {
    const auto json = nlohmann::json::parse("{" + reader.line("{", i));
    const auto& card = all[static_cast<std::size_t>(i)];
    EXPECT_EQ(json.at("card"), card.digest().hex());
    EXPECT_EQ(json.at("held_bytes"), i == 0 ? 0 : shared_bytes(card, all[static_cast<std::size_t>(i) - 1]));
    if (i < 2) publish(all[static_cast<std::size_t>(i) + 1]);
  }
  EXPECT_EQ(reader.interrupt().status, 0);
  EXPECT_EQ(tool({"pool", "verify", ours}).status, 0);
}

TEST_F(KvferryTool, FollowsNoDigest) {
  const Finished finished = tool({"fetch", "127.0.0.1:9", std::string(64, 'a'), "--follow", "--insecure"});
  EXPECT_EQ(finished.status, 2);
  EXPECT_EQ(finished.err, "kvferry: --follow: a digest names one card for ever, expected --document NAME\n");
}

}  // namespace
}  // namespace kvferry::test
