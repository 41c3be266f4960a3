// SPDX-License-Identifier: MIT
//
// kvferry conform as people run it: against our own server, against other
// programs, against nobody.
#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "protocol/card/card_file.h"
#include "tests/transport/harness.h"
#include "tests/transport/process.h"

namespace kvferry::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr bool kServesUdp = true;  // kvferry serve has --transport udp

// Chunks of 1 to 60 kB, one of them above level 0, measured.
Card conform_card() {
  Card card = sample_card(7, 6, 60'000);
  card.manifest.divergence = Divergence{0.01, 0.9, 100};
  Rng rng(8);
  ChunkInfo finer;
  finer.layer_count = 2;
  finer.row_count = 64;
  finer.level = 1;
  add_chunk(card, finer, Slice(random_bytes(rng, 30'000)));
  return card;
}

class ConformTool : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("conform_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    file_ = (folder_ / "sample.card").string();
    ASSERT_TRUE(write_card_file(file_, conform_card()));
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::vector<std::string> serve(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"serve", file_, "--listen", "127.0.0.1:0", "--insecure"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  static Finished conform(const std::string& where, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"conform", where, "--insecure"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program_file("kvferry", std::move(arguments));
  }

  fs::path folder_;
  std::string file_;
};

// Everything passes but what this server cannot show; `least` checks or more.
void expect_conforming(const Finished& finished, const char* transport, std::size_t least) {
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(finished.err, "");
  EXPECT_EQ(lines(finished.out), 1);
  const Json report = Json::parse(finished.out);
  EXPECT_EQ(report["transport"], transport);
  EXPECT_EQ(report["failed"], 0);
  EXPECT_GE(report["passed"], least);
  EXPECT_LT(report["skipped"], 8);
  for (const Json& result : report["results"]) EXPECT_NE(result["outcome"], "FAILED") << result;
}

TEST_F(ConformTool, our_server_passes_over_tcp) {
  Process server("kvferry", serve());
  expect_conforming(conform(server.listening_on(), {"--document", "sample", "--json"}), "tcp", 140);
}

TEST_F(ConformTool, our_server_passes_over_udp) {
  if (!kServesUdp) GTEST_SKIP() << "kvferry serve has no UDP yet";
  Process server("kvferry", serve({"--transport", "udp"}));
  expect_conforming(conform(server.listening_on(), {"--document", "sample", "--json", "--transport", "udp"}),
                    "udp", 180);
}

TEST_F(ConformTool, prints_a_line_for_each_check_and_a_summary) {
  Process server("kvferry", serve());
  const Finished finished = conform(server.listening_on(), {"CON-5", "TRF-18", "--document", "sample"});
  EXPECT_EQ(finished.status, 0) << finished.out;
  EXPECT_EQ(finished.out,
            "ok CON-5 PONG has the nonce of its PING\n"
            "ok TRF-18 REJECT ends a transfer at once\n"
            "ok TRF-18 CANCEL ends a transfer at once\n"
            "ok TRF-18 after REJECT another transfer is served\n"
            "4 passed, 0 failed, 0 skipped\n");
}

TEST_F(ConformTool, sections_and_prefixes_select) {
  Process server("kvferry", serve());
  const std::string where = server.listening_on();
  for (const char* section : {"11", "11.3", "TRF"}) {
    const Finished finished = conform(where, {section, "--document", "sample", "--json"});
    EXPECT_EQ(finished.status, 0) << finished.err;
    const Json report = Json::parse(finished.out);
    EXPECT_FALSE(report["results"].empty());
    for (const Json& result : report["results"])
      EXPECT_EQ(result["id"].get<std::string>().rfind("TRF-", 0), 0u) << section << result;
  }
}

TEST_F(ConformTool, says_what_cannot_be_checked_when_asked) {
  Process server("kvferry", serve());
  const Finished finished = conform(server.listening_on(), {"9", "--document", "sample", "--verbose"});
  EXPECT_EQ(finished.status, 0);
  EXPECT_EQ(finished.out,
            "skipped CRD-1 cannot be checked against a server: binds readers of files\n"
            "skipped CRD-2 cannot be checked against a server: binds writers of files\n"
            "0 passed, 0 failed, 2 skipped\n");
}

TEST_F(ConformTool, a_document_that_is_not_there_is_one_line) {
  Process server("kvferry", serve());
  const Finished finished = conform(server.listening_on(), {"--document", "other"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.out, "");
  EXPECT_NE(finished.err.find("refused document 'other'"), std::string::npos) << finished.err;
  EXPECT_EQ(lines(finished.err), 1);
}

TEST_F(ConformTool, nobody_there_is_one_line) {
  for (const std::string transport : {"tcp", "udp"}) {
    const Finished finished = conform("127.0.0.1:1", {"--transport", transport, "--patience", "0.5"});
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err.find("kvferry: 127.0.0.1:1: "), 0u) << finished.err;
    EXPECT_EQ(lines(finished.err), 1) << finished.err;
  }
}

TEST_F(ConformTool, wrong_usage_is_status_two_and_one_line) {
  const std::vector<std::vector<std::string>> wrong = {
      {"conform"},
      {"conform", "127.0.0.1:1"},                         // without --insecure
      {"conform", "nowhere", "--insecure"},               // no port
      {"conform", "127.0.0.1:1", "--insecure", "XYZ"},    // no such requirement
      {"conform", "127.0.0.1:1", "--insecure", "TRF-0"},  // nor that
      {"conform", "127.0.0.1:1", "--insecure", "--transport", "sctp"},
      {"conform", "127.0.0.1:1", "--insecure", "--patience", "0"},
  };
  for (const auto& arguments : wrong) {
    const Finished finished = run_program_file("kvferry", arguments);
    EXPECT_EQ(finished.status, 2) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(lines(finished.err), 1) << finished.err;
  }
}

// Treats everyone who connects as told, one after the other.
class OtherProgram {
 public:
  explicit OtherProgram(std::function<void(tcp::socket&)> treat)
      : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}), thread_([this, treat = std::move(treat)] {
          while (true) {
            tcp::socket socket(io_);
            SocketError error;
            acceptor_.accept(socket, error);
            if (error || stopping_) return;
            treat(socket);
          }
        }) {}
  ~OtherProgram() {
    stopping_ = true;
    RawClient last(host_port(acceptor_.local_endpoint()));
    thread_.join();
  }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;
  [[nodiscard]] std::string where() const { return host_port(acceptor_.local_endpoint()).text(); }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

void say(tcp::socket& socket, const std::string& text) {
  SocketError ignored;
  asio::write(socket, asio::buffer(text), ignored);
}

void listen_to_the_end(tcp::socket& socket) {
  std::string text;
  SocketError end;
  asio::read(socket, asio::dynamic_buffer(text), end);
}

void expect_given_up(const OtherProgram& other) {
  const Time begun = steady_now();
  const Finished finished = run_program_file(
      "kvferry", {"conform", other.where(), "--insecure", "--patience", "0.2", "--document", "x"});
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(5));
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.out.find("\nok"), std::string::npos) << finished.out;
  EXPECT_EQ(lines(finished.out), 4) << finished.out;  // three checks and the summary
  EXPECT_EQ(finished.err.find("kvferry: " + other.where() + " does not greet: "), 0u) << finished.err;
  EXPECT_EQ(lines(finished.err), 1) << finished.err;
}

TEST_F(ConformTool, gives_a_silent_program_up) { expect_given_up(OtherProgram(listen_to_the_end)); }

TEST_F(ConformTool, gives_a_program_up_that_hangs_up) {
  expect_given_up(OtherProgram([](tcp::socket&) {}));
}

TEST_F(ConformTool, gives_a_program_up_that_speaks_http) {
  expect_given_up(OtherProgram([](tcp::socket& socket) {
    say(socket, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    listen_to_the_end(socket);
  }));
}

TEST_F(ConformTool, gives_a_program_up_that_sends_noise) {
  expect_given_up(OtherProgram([](tcp::socket& socket) {
    Rng rng(3);
    const Bytes noise = random_bytes(rng, 100'000);
    say(socket, std::string(noise.begin(), noise.end()));
  }));
}

}  // namespace
}  // namespace kvferry::test
