// SPDX-License-Identifier: MIT
#include "transport/udp_server.h"

#include <fstream>
#include <stdexcept>

#include "tests/transport/udp_harness.h"

namespace kvferry::test {
namespace {

constexpr TransportKind kUdp = TransportKind::kUdp;
constexpr Duration kSoon = milliseconds(300);

class UdpServerTest : public testing::Test {
 protected:
  static UdpServerOptions impatient() {
    UdpServerOptions options;
    options.connection.handshake_timeout = milliseconds(500);
    options.connection.idle_timeout = milliseconds(2000);
    options.udp.linger = milliseconds(200);
    options.stop_grace = milliseconds(200);
    return options;
  }
  Card card_ = sample_card(51, 20, 30000);
};

TEST_F(UdpServerTest, ListensOnLoopbackUnlessToldOtherwise) {
  ServerThread server(serving(card_), UdpServerOptions());
  EXPECT_EQ(server.where().host, "127.0.0.1");
  EXPECT_NE(server.where().port, 0);
}

TEST_F(UdpServerTest, SaysWhichAddressItCannotHave) {
  ServerThread server(serving(card_), UdpServerOptions());
  UdpServerOptions options;
  options.listen = server.where();
  auto second = UdpServer::listen(options, [] { return nullptr; });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "cannot listen on " + server.where().text() + ": Address already in use");
}

TEST_F(UdpServerTest, TellsPeersThatItStopsAndDropsThoseThatDoNotLeave) {
  UdpServerOptions options;
  options.stop_grace = milliseconds(200);
  ServerThread server(serving(card_), options);
  RawUdp silent(server.where());
  silent.send(greeting(1));
  EXPECT_TRUE(silent.receive(kSoon));
  const Time begun = steady_now();
  server.stop();
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(2));
  EXPECT_TRUE(silent.receive(kSoon));
}

TEST_F(UdpServerTest, SurvivesAHandlerThatThrows) {
  std::atomic<int> requests{0};
  ServerThread server(
      [&](ConnectionDriver& connection, const RequestOptions& options) {
        if (requests++ == 0) throw std::runtime_error("out of ideas");
        return serving(card_)(connection, options);
      },
      UdpServerOptions());
  FetchOptions options = quick_options(kUdp);
  options.connection.progress_timeout = milliseconds(200);
  CardSink sink;
  EXPECT_EQ(fetch_card(server.where(), options, sink).status, ClientStatus::kStalled);
  expect_served(server.where(), card_, kUdp);
  server.stop();
  EXPECT_EQ(server.failure(), "out of ideas");
}

TEST_F(UdpServerTest, DropsGarbageInSilence) {
  ServerThread server(serving(card_), impatient());
  RawUdp stranger(server.where());
  Rng rng(52);
  for (int i = 0; i < 2000; ++i) {
    Bytes noise = random_bytes(rng, rng.below(1500));
    if (!noise.empty()) noise[0] = rng.chance(0.5) ? kPacketKind : noise[0] & 0x7F;
    stranger.send(noise);
  }
  Bytes damaged = greeting(1);
  damaged.back() ^= 1;
  stranger.send(damaged);
  EXPECT_FALSE(stranger.receive(kSoon));
  EXPECT_EQ(server.handlers(), 0);
  expect_served(server.where(), card_, kUdp);
}

TEST_F(UdpServerTest, KeepsNothingForStrangersThatDoNotGreet) {
  ServerThread server(serving(card_), impatient());
  RawUdp stranger(server.where());
  stranger.send(seal_packet({7, 3}, Bytes{0x35, 0x00}));
  stranger.send(seal_packet({7, 4}, Bytes{0x37, 0x03, 0x81, 0x00, 0x00}));
  EXPECT_FALSE(stranger.receive(kSoon));
  EXPECT_EQ(server.handlers(), 0);
}

TEST_F(UdpServerTest, TellsALaterVersionWhatItSpeaks) {
  ServerThread server(serving(card_), impatient());
  RawUdp stranger(server.where());
  Bytes datagram(1200);
  datagram[0] = 0xA2;
  stranger.send(datagram);
  const auto answer = stranger.receive(kSoon);
  ASSERT_TRUE(answer);
  EXPECT_EQ(open_versions(*answer)->kinds, Bytes{kPacketKind});
}

TEST_F(UdpServerTest, DemandsATokenAndKeepsNothingUntilItComes) {
  UdpServerOptions options = impatient();
  options.max_half_open = 0;
  ServerThread server(serving(card_), options);
  RawUdp client(server.where());
  RawUdp thief(server.where());
  const Bytes hello = greeting(1);
  client.send(hello);
  const auto answer = client.receive(kSoon);
  ASSERT_TRUE(answer);
  EXPECT_LE(answer->size(), hello.size());
  const auto retry = open_retry(*answer);
  ASSERT_TRUE(retry);
  EXPECT_EQ(retry->connection_id, datagram_connection_id(hello));

  thief.send(with_token(hello, retry->token));
  EXPECT_TRUE(open_retry(*thief.receive(kSoon))) << "a token of another address";
  client.send(with_token(greeting(2), retry->token));
  EXPECT_TRUE(open_retry(*client.receive(kSoon))) << "a token of another connection";
  EXPECT_EQ(server.handlers(), 0);

  client.send(with_token(hello, retry->token));
  EXPECT_TRUE(open_packet(*client.receive(kSoon)));
  EXPECT_EQ(server.handlers(), 1);
}

TEST_F(UdpServerTest, ServesClientsThatItSendsBackForAToken) {
  UdpServerOptions options = impatient();
  options.max_half_open = 0;
  ServerThread server(serving(card_), options);
  UdpRelay relay(server.where());
  expect_served(relay.where(), card_, kUdp);
  EXPECT_EQ(server.handlers(), 1);
  EXPECT_TRUE(open_first_packet(relay.recorded()[0])->token.empty());
  EXPECT_FALSE(open_first_packet(relay.recorded()[1])->token.empty());
}

TEST_F(UdpServerTest, KnowsAClientAgainByTheTokenThatItGave) {
  UdpServerOptions options = impatient();
  options.max_half_open = 0;
  ServerThread server(serving(card_), options);
  CardSink sink;
  const FetchReport first = fetch_card(server.where(), quick_options(kUdp), sink);
  ASSERT_EQ(first.status, ClientStatus::kApplied) << first.message;
  ASSERT_FALSE(first.token.empty());

  RawUdp later(server.where());
  later.send(with_token(greeting(1), first.token));
  const auto answer = later.receive(kSoon);
  EXPECT_TRUE(answer && open_packet(*answer)) << "no RETRY, though the port is another";
}

std::size_t resident_bytes() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * 4096;
}

TEST_F(UdpServerTest, KeepsLittleForAThousandThatOnlyGreetAndServesARealClient) {
  UdpServerOptions options = impatient();
  options.max_half_open = 32;
  ServerThread server(serving(card_), options);
  const std::size_t before = resident_bytes();
  std::optional<Bytes> answer;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    RawUdp stranger(server.where());
    stranger.send(greeting(i));
    if (i == 999) answer = stranger.receive(kSoon);
  }
  EXPECT_TRUE(answer && open_retry(*answer));
  const std::size_t after = resident_bytes();
  EXPECT_LE(server.handlers(), 2 * 32);
  EXPECT_LT(after - std::min(after, before), std::size_t{32} << 20);
  expect_served(server.where(), card_, kUdp);
}

TEST_F(UdpServerTest, ForgetsThoseThatOnlyGreet) {
  UdpServerOptions options = impatient();
  options.max_connections = 8;
  ServerThread server(serving(card_), options);
  for (std::uint64_t i = 0; i < 8; ++i) RawUdp(server.where()).send(greeting(i));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(server.handlers(), 8);
  RawUdp(server.where()).send(greeting(8));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(server.handlers(), 8) << "more connections than allowed";
  expect_served(server.where(), card_, kUdp);
}

TEST_F(UdpServerTest, IsNotMovedByTheRecordingOfAFinishedSession) {
  std::atomic<int> requests{0};
  ServerThread server(
      [&](ConnectionDriver& connection, const RequestOptions& options) {
        ++requests;
        return serving(card_)(connection, options);
      },
      impatient());
  UdpRelay relay(server.where());
  expect_served(relay.where(), card_, kUdp);
  const std::vector<Bytes> recorded = relay.recorded();
  ASSERT_GT(recorded.size(), 3u);
  RawUdp replayer(server.where());
  for (int times = 0; times < 3; ++times) {
    for (const Bytes& datagram : recorded) replayer.send(datagram);
    EXPECT_FALSE(replayer.receive(kSoon));
  }
  EXPECT_EQ(server.handlers(), 1);
  EXPECT_EQ(requests, 1);
  expect_served(server.where(), card_, kUdp);
}

TEST_F(UdpServerTest, MayBeStartedAgainAtTheSameAddress) {
  auto server = std::make_unique<ServerThread>(serving(card_), impatient());
  UdpServerOptions options = impatient();
  options.listen = server->where();
  UdpRelay relay(server->where());
  expect_served(relay.where(), card_, kUdp);
  server.reset();
  server = std::make_unique<ServerThread>(serving(card_), options);
  RawUdp late(server->where());
  // What a client of the old one still sends: all but its greeting.
  for (const Bytes& datagram : relay.recorded()) {
    if (!open_first_packet(datagram)) late.send(datagram);
  }
  EXPECT_FALSE(late.receive(kSoon));
  EXPECT_EQ(server->handlers(), 0);
  expect_served(server->where(), card_, kUdp);
}

}  // namespace
}  // namespace kvferry::test
