// SPDX-License-Identifier: MIT
//
// What a serving program tells its operator.
#include "scenarios/log.h"
#include "tests/transport/tool.h"

namespace kvferry::test {
namespace {

class OperatedServer : public SecureTool {
 protected:
  static std::string scrape(const std::string& where) {
    RawClient client(*HostPort::parse(where));
    client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    return client.read_all();
  }
  static std::string without_time(const std::string& line) { return line.substr(line.find(' ') + 1); }
};

TEST_F(OperatedServer, CountsForPrometheus) {
  Words words = serving(client_key_);
  words.insert(words.end(), {"--metrics-port", "0"});
  Process server("kvferry", words);
  const std::string metrics = server.line("metrics on ");
  const std::string where = server.listening_on();
  ASSERT_EQ(fetch(where, server_key_).status, 0);
  fs::remove(fs::path(into()) / (card_.digest().hex() + ".card"));
  ASSERT_EQ(fetch(where, server_key_).status, 0);
  (void)fetch(where, make_key("stranger.pem"));
  const std::string payload = std::to_string(2 * card_.manifest.payload_bytes());
  const std::vector<std::string> wanted = {
      "kvferry_transfers_total{stage=\"confirmed\"} 2\n",
      "kvferry_connections_ended_total{how=\"insecure\"} 1\n",  // counted when its thread has ended
      "kvferry_bytes_total{class=\"payload\",direction=\"sent\"} " + payload + "\n",
      "kvferry_transfer_seconds_count 2\n"};
  std::string page;
  const auto has_all = [&] {
    page = scrape(metrics);
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](const std::string& line) { return page.find(line) != std::string::npos; });
  };
  const Time end = steady_now() + std::chrono::seconds(10);
  while (!has_all() && steady_now() < end) std::this_thread::sleep_for(milliseconds(20));
  EXPECT_TRUE(has_all()) << page;
}

TEST_F(OperatedServer, TellsALineAnEvent) {
  Process server("kvferry", serving(client_key_));
  const std::string where = server.listening_on();
  ASSERT_EQ(fetch(where, server_key_).status, 0);
  std::istringstream told(server.interrupt().err);
  std::vector<std::string> events;
  for (std::string line; std::getline(told, line);) {
    std::istringstream words(without_time(line));
    std::string level, event;
    words >> level >> event;
    events.push_back(level + ' ' + event);
  }
  EXPECT_EQ(events, (std::vector<std::string>{"info serves", "info connected", "info requested",
                                              "info confirmed", "info closed"}));
}

TEST_F(OperatedServer, IsAsQuietAsItIsTold) {
  Words words = serving(client_key_);
  words.insert(words.end(), {"--log-level", "off"});
  Process server("kvferry", words);
  ASSERT_EQ(fetch(server.listening_on(), server_key_).status, 0);
  EXPECT_EQ(server.interrupt().err, "");
  EXPECT_EQ(tool({"serve", file_, "--insecure", "--log-level", "loud"}).err,
            "kvferry: 'loud': no log level, expected debug, info, warning, error or off\n");
}

TEST(Log, QuotesWhatWouldNotBeOneWord) {
  testing::internal::CaptureStderr();
  set_log_level(LogLevel::kInfo);
  log(LogLevel::kInfo, "said",
      {{"plain", "a/b:1"}, {"none", ""}, {"words", "a \"b\""}, {"evil", "x\nerror y"}});
  log(LogLevel::kDebug, "not told");
  set_log_level(LogLevel::kWarning);
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_EQ(line.substr(line.find(' ') + 1),
            "info said plain=a/b:1 words=\"a \\\"b\\\"\" evil=\"x?error y\"\n");
}

}  // namespace
}  // namespace kvferry::test
