// SPDX-License-Identifier: MIT
#include "transport/tcp_server.h"

#include <stdexcept>

#include "tests/transport/harness.h"

namespace kvferry::test {
namespace {

TEST(TcpServer, ListensOnLoopbackUnlessToldOtherwise) {
  const Card card = sample_card(31, 1, 10);
  ServerThread server(serving(card));
  EXPECT_EQ(server.where().host, "127.0.0.1");
  EXPECT_NE(server.where().port, 0);
}

TEST(TcpServer, SaysWhichAddressItCannotHave) {
  const Card card = sample_card(32, 1, 10);
  ServerThread server(serving(card));
  TcpServerOptions options;
  options.listen = server.where();
  auto second = TcpServer::listen(options, [] { return nullptr; });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "cannot listen on " + server.where().text() + ": Address already in use");
}

TEST(TcpServer, TellsPeersThatItStops) {
  const Card card = sample_card(33, 1, 10);
  std::unique_ptr<ServerThread> server;
  server = std::make_unique<ServerThread>(
      [&](ConnectionDriver& connection, const RequestOptions&) -> Result<std::shared_ptr<ChunkSource>> {
        (void)connection;
        return std::shared_ptr<ChunkSource>();  // leaves the client waiting
      });
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(200));
    server->stop();
  });
  CardSink sink;
  const HostPort where = server->where();
  const FetchReport report = fetch_card(where, quick_options(), sink);
  stopper.join();
  EXPECT_EQ(report.status, ClientStatus::kLost);
  EXPECT_EQ(report.message, where.text() + " closed the connection: the server is stopping");
}

TEST(TcpServer, DropsPeersThatDoNotLeaveWhenItStops) {
  TcpServerOptions options;
  options.stop_grace = milliseconds(200);
  options.tcp.linger = std::chrono::seconds(30);
  const Card card = sample_card(34, 1, 10);
  ServerThread server(serving(card), options);
  RawClient client(server.where());
  std::this_thread::sleep_for(milliseconds(100));
  const Time begun = steady_now();
  server.stop();
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(5));
}

TEST(TcpServer, EndsAfterTheConnectionsItWasToServe) {
  const Card card = sample_card(35, 3, 1000);
  TcpServerOptions options;
  options.connections_to_serve = 2;
  auto server = TcpServer::listen(options, [&] { return std::make_unique<AnsweringHandler>(serving(card)); });
  ASSERT_TRUE(server);
  std::thread thread([&] { (*server)->run(); });
  const HostPort where = (*server)->local();
  expect_served(where, card);
  expect_served(where, card);
  thread.join();
  CardSink sink;
  EXPECT_EQ(fetch_card(where, quick_options(), sink).status, ClientStatus::kUnreachable);
}

TEST(TcpServer, LetsPeersWaitWhenItIsFull) {
  const Card card = sample_card(36, 3, 1000);
  TcpServerOptions options;
  options.max_connections = 1;
  ServerThread server(serving(card), options);
  auto first = std::make_unique<RawClient>(server.where());
  std::this_thread::sleep_for(milliseconds(50));
  std::thread leaves([&] {
    std::this_thread::sleep_for(milliseconds(200));
    first.reset();
  });
  const Time begun = steady_now();
  expect_served(server.where(), card);
  EXPECT_GT(steady_now() - begun, milliseconds(100));
  leaves.join();
}

TEST(TcpServer, SurvivesAHandlerThatThrows) {
  const Card card = sample_card(37, 3, 1000);
  std::atomic<int> requests{0};
  ServerThread server([&](ConnectionDriver& connection, const RequestOptions& options) {
    if (requests++ == 0) throw std::runtime_error("out of ideas");
    return serving(card)(connection, options);
  });
  CardSink sink;
  EXPECT_EQ(fetch_card(server.where(), quick_options(), sink).status, ClientStatus::kLost);
  expect_served(server.where(), card);
  server.stop();
  EXPECT_EQ(server.failure(), "out of ideas");
}

}  // namespace
}  // namespace kvferry::test
