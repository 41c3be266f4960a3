// SPDX-License-Identifier: MIT
//
// A bad peer harms only its own connection: after each of these the server
// serves the next one.
#include "tests/transport/harness.h"

namespace kvferry::test {
namespace {

class BadClient : public testing::TestWithParam<TransportKind> {
 protected:
  static TcpServerOptions impatient() {
    TcpServerOptions options;
    options.tcp = tcp_options(GetParam(), Role::kServer);
    options.connection.handshake_timeout = milliseconds(300);
    options.connection.idle_timeout = milliseconds(600);
    options.tcp.linger = milliseconds(200);
    return options;
  }
  void TearDown() override { expect_served(server_.where(), card_, GetParam()); }

  Card card_ = sample_card(21, 20, 300000);
  ServerThread server_{serving(card_), impatient()};
};

TEST_P(BadClient, SpeaksHttp) {
  RawClient client(server_.where());
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.read_all();  // the server hangs up
}

TEST_P(BadClient, SendsGarbage) {
  Rng rng(22);
  for (int i = 0; i < 20; ++i) {
    RawClient client(server_.where());
    const Bytes noise = random_bytes(rng, 1 + rng.below(5000));
    client.send(std::string(noise.begin(), noise.end()));
    client.socket().shutdown(tcp::socket::shutdown_send);
    client.read_all();
  }
}

TEST_P(BadClient, ClaimsHugeLengths) {
  RawClient client(server_.where());
  client.send(std::string("\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 9) + std::string(100000, 'x'));
  client.read_all();
}

TEST_P(BadClient, IsSilentUntilTheHandshakeTimesOut) {
  RawClient client(server_.where());
  const Time begun = steady_now();
  client.read_all();
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(3));
}

TEST_P(BadClient, LeavesAtOnce) {
  for (int i = 0; i < 20; ++i) RawClient client(server_.where());
}

TEST_P(BadClient, ResetsTheConnection) {
  for (int i = 0; i < 20; ++i) {
    RawClient client(server_.where());
    client.send("x");
    client.socket().set_option(tcp::socket::linger(true, 0));
  }
}

TEST_P(BadClient, NeverClosesItsHalf) {
  RawClient client(server_.where());
  client.socket().shutdown(tcp::socket::shutdown_send);
  client.read_all();
  std::this_thread::sleep_for(milliseconds(100));
}

// Runs a real client up to its first chunk and leaves it there: nothing is read any more, nothing closed.
TEST_P(BadClient, StopsReadingInTheMiddle) {
  FetchOptions options = quick_options(GetParam());
  options.progress = [&](std::uint64_t chunks, std::uint64_t) {
    if (chunks == 1) std::this_thread::sleep_for(milliseconds(1200));
  };
  CardSink sink;
  (void)fetch_card(server_.where(), options, sink);
}

TEST_P(BadClient, ManyAtOnce) {
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_.where()));
    clients.back()->send(std::string(static_cast<std::size_t>(i), 'z'));
  }
  expect_served(server_.where(), card_, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Transports, BadClient, testing::Values(TransportKind::kTcp, TransportKind::kTls),
                         [](const auto& tested) {
                           return tested.param == TransportKind::kTls ? "Tls" : "Tcp";
                         });

}  // namespace
}  // namespace kvferry::test
