// SPDX-License-Identifier: MIT
//
// Commands with a deadline: a card appears whole or not at all, and what came in time is not sent again.
#include <nlohmann/json.hpp>

#include "scenarios/report.h"
#include "tests/transport/tool.h"

namespace kvferry::test {
namespace {

// Takes its time for every chunk from the tenth on.
class SlowSource final : public ChunkSource {
 public:
  explicit SlowSource(const Card& card) : card_(card) {}
  const Manifest& manifest() const override { return card_.manifest(); }
  Result<Slice> chunk(std::uint32_t index) override {
    if (index >= 10) std::this_thread::sleep_for(milliseconds(30));
    return card_.chunk(index);
  }

 private:
  CardSource card_;
};

class ByADeadline : public KvferryTool, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    KvferryTool::SetUp();
    card_ = sample_card(44, 60, 3000);
  }
  [[nodiscard]] std::unique_ptr<ServerThread> slow_server() const {
    const Answer answer = [this](ConnectionDriver&, const RequestOptions&) {
      return Result(std::shared_ptr<ChunkSource>(std::make_shared<SlowSource>(card_)));
    };
    if (GetParam() == std::string("udp")) return std::make_unique<ServerThread>(answer, UdpServerOptions{});
    TcpServerOptions at_once;  // nothing is gathered before it is sent
    at_once.tcp.pending_bytes = 1;
    return std::make_unique<ServerThread>(answer, at_once);
  }
  [[nodiscard]] Finished fetch(const HostPort& where, const Words& more) const {
    Words words = fetch_words(where.text(), "sample", GetParam());
    words.insert(words.end(), more.begin(), more.end());
    return tool(words);
  }
  [[nodiscard]] fs::path whole() const { return fs::path(into()) / (card_.digest().hex() + ".card"); }
};
INSTANTIATE_TEST_SUITE_P(Transports, ByADeadline, testing::Values("tcp", "udp"));

TEST_P(ByADeadline, keeps_what_came_and_goes_on_from_there_the_next_time) {
  const auto server = slow_server();
  const std::string where = server->where().text();
  const Finished late = fetch(server->where(), {"--deadline", "0.9", "--json"});
  EXPECT_EQ(late.status, 3);
  EXPECT_EQ(late.out, "");
  EXPECT_EQ(lines(late.err), 1) << late.err;
  EXPECT_EQ(late.err.find("kvferry: " + where + ": the deadline has passed, with "), 0u) << late.err;
  const std::string all = bytes_text(card_.manifest.payload_bytes());
  EXPECT_NE(late.err.find(" of " + all + " here; what came is kept in " + whole().string() +
                          ".part, and the same command goes on from there\n"),
            std::string::npos)
      << late.err;
  EXPECT_FALSE(fs::exists(whole()));

  const Finished fetched = fetch(server->where(), {"--deadline", "60", "--json"});
  ASSERT_EQ(fetched.status, 0) << fetched.err;
  const auto wire = nlohmann::json::parse(fetched.out).at("wire");
  EXPECT_LT(wire.at("payload").get<std::uint64_t>(), card_.manifest.payload_bytes());
  EXPECT_EQ(files_fetched(), 1u);
  EXPECT_EQ(read_card_file(whole())->digest(), card_.digest());
}

TEST_P(ByADeadline, says_so_of_a_peer_that_says_nothing) {
  Process server("kvferry", serve_words(file_, GetParam()));
  const std::string where = server.listening_on();
  server.pause();
  const Time begun = steady_now();
  const Finished late = fetch(*HostPort::parse(where), {"--deadline", "0.3"});
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(5));
  EXPECT_EQ(late.status, 3);
  EXPECT_EQ(late.err, "kvferry: " + where + ": the deadline has passed\n");
  EXPECT_EQ(files_fetched(), 0u);
}

TEST_P(ByADeadline, sends_no_longer_either) {
  Process receiver("kvferry", {"receive", "--into", into(), "--listen", "127.0.0.1:0", "--transport",
                               GetParam(), "--insecure"});
  const std::string where = receiver.listening_on();
  const auto send = [&](const char* deadline) {
    return tool({"send", file_, where, "--transport", GetParam(), "--insecure", "--deadline", deadline});
  };
  EXPECT_EQ(send("60").status, 0);
  receiver.pause();
  const Finished late = send("0.3");
  EXPECT_EQ(late.status, 3);
  EXPECT_EQ(late.err, "kvferry: " + where + ": the deadline has passed\n");
}

}  // namespace
}  // namespace kvferry::test
