// SPDX-License-Identifier: MIT
//
// Cards between processes that may die at any moment: a card appears whole or not at all, and what came is
// not sent again.
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/transport/tool.h"

namespace kvferry::test {
namespace {

class MovingCards : public SecureTool {
 protected:
  void SetUp() override {
    SecureTool::SetUp();
    card_ = sample_card(43, 200, 200'000);  // 20 MB
    file_ = path("large.card");
    ASSERT_TRUE(write_card_file(file_, card_));
  }
  [[nodiscard]] std::string name() const { return card_.digest().hex() + ".card"; }
  [[nodiscard]] Words receiving() const {
    return {"receive", "--into",           into(),       "--listen", "127.0.0.1:0",
            "--key",   path("server.pem"), "--peer-key", client_key_};
  }
  [[nodiscard]] Words sending(const std::string& where) const {
    return {"send", file_, where, "--key", path("client.pem"), "--peer-key", server_key_, "--json"};
  }
  [[nodiscard]] Words fetching(const std::string& where) const {
    return {"fetch",     where,   card_.digest().hex(), "--into",
            into(),      "--key", path("client.pem"),   "--peer-key",
            server_key_, "--json"};
  }
  // Nothing but whole cards has a card's name.
  void expect_no_torn_card() const {
    for (const auto& entry : fs::directory_iterator(into())) {
      if (entry.path().extension() != ".card") continue;
      const auto card = read_card_file(entry.path());
      ASSERT_TRUE(card) << card.error().message;
      EXPECT_TRUE(card->verify().ok());
    }
  }
  [[nodiscard]] std::uint64_t part_bytes() const {
    std::error_code none;
    const auto size = fs::file_size(fs::path(into()) / (name() + ".part"), none);
    return none ? 0 : size;
  }
  static std::uint64_t payload(const Finished& finished) {
    return nlohmann::json::parse(finished.out).at("wire").at("payload").get<std::uint64_t>();
  }
  Rng rng_{7};
};

TEST_F(MovingCards, AreSentToAMachineThatReceives) {
  Process receiver("kvferry", receiving());
  const std::string where = receiver.listening_on();
  const Finished sent = run_program_file("kvferry", sending(where));
  ASSERT_EQ(sent.status, 0) << sent.err;
  EXPECT_EQ(read_file((fs::path(into()) / name()).string()), read_file(file_));
  EXPECT_GE(payload(sent), card_.manifest.payload_bytes());
  const Finished again = run_program_file("kvferry", sending(where));
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(payload(again), 0u) << "it is there already";
  EXPECT_EQ(files_fetched(), 1u);
  EXPECT_NE(receiver.interrupt().err.find("file=" + into() + "/" + name()), std::string::npos);
}

TEST_F(MovingCards, AreNotTakenByAServerThatGives) {
  Process server("kvferry", serving(client_key_));
  const std::string where = server.listening_on();
  const Finished sent = run_program_file("kvferry", sending(where));
  EXPECT_EQ(sent.status, 1);
  EXPECT_EQ(sent.err, "kvferry: " + where + " refused: this server only gives\n");
}

TEST_F(MovingCards, GoOnWhereTheFetcherWasKilled) {
  Process server("kvferry", serving(client_key_));
  const std::string where = server.listening_on();
  for (int kills = 0; kills < 6;) {
    Process fetcher("kvferry", fetching(where));
    std::this_thread::sleep_for(milliseconds(20 + static_cast<std::int64_t>(rng_.below(60))));
    fetcher.kill();
    fetcher.wait();
    expect_no_torn_card();
    if (part_bytes() == 0) {
      fs::remove(fs::path(into()) / name());  // it was through already
    }
    ++kills;
  }
  const Finished fetched = run_program_file("kvferry", fetching(where));
  ASSERT_EQ(fetched.status, 0) << fetched.err;
  EXPECT_EQ(read_file((fs::path(into()) / name()).string()), read_file(file_));
  EXPECT_EQ(files_fetched(), 1u);
}

TEST_F(MovingCards, GoOnWhereTheServerWasKilled) {
  const fs::path whole = fs::path(into()) / name();
  std::uint64_t received = 0;
  for (int i = 0; i < 20 && !fs::exists(whole); ++i) {
    const std::uint64_t before = part_bytes();
    Process server("kvferry", serving(client_key_));
    Process fetcher("kvferry", fetching(server.listening_on()));
    while (part_bytes() == before && fetcher.running()) std::this_thread::sleep_for(milliseconds(1));
    std::this_thread::sleep_for(milliseconds(static_cast<std::int64_t>(rng_.below(20))));
    server.kill();
    const Finished fetched = fetcher.wait();
    expect_no_torn_card();
    if (fetched.status == 0) received = payload(fetched);
    if (fetched.status != 0 && before == 0 && part_bytes() > 0) {
      EXPECT_NE(fetched.err.find(name() + ".part, and the same command goes on from there\n"),
                std::string::npos)
          << fetched.err;
    }
  }
  if (!fs::exists(whole)) {
    Process server("kvferry", serving(client_key_));
    received = payload(run_program_file("kvferry", fetching(server.listening_on())));
  }
  EXPECT_EQ(read_file(whole.string()), read_file(file_));
  EXPECT_LE(received, card_.manifest.payload_bytes());
}

TEST_F(MovingCards, OfOneDigestComeOneAtATime) {
  Process server("kvferry", serving(client_key_));
  const std::string where = server.listening_on();
  CardFileSink busy(fs::path(into()) / name(), CardFileSink::WhenBroken::kKeep);
  ASSERT_TRUE(busy.begin(card_.manifest).ok());
  const Finished fetched = run_program_file("kvferry", fetching(where));
  EXPECT_EQ(fetched.status, 1);
  EXPECT_NE(fetched.err.find("another process is receiving this card"), std::string::npos) << fetched.err;
}

}  // namespace
}  // namespace kvferry::test
