// SPDX-License-Identifier: MIT
//
// A peer that is another program gives one clear line, in bounded time.
#include "tests/transport/harness.h"

namespace kvferry::test {
namespace {

// Accepts one connection and treats it as told.
class RawServer {
 public:
  explicit RawServer(std::function<void(tcp::socket&)> treat)
      : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}), thread_([this, treat = std::move(treat)] {
          tcp::socket socket(io_);
          SocketError error;
          acceptor_.accept(socket, error);
          if (!error) treat(socket);
        }) {}
  ~RawServer() { thread_.join(); }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  [[nodiscard]] HostPort where() const { return host_port(acceptor_.local_endpoint()); }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

FetchReport fetch_from(const RawServer& server) {
  FetchOptions options = quick_options();
  options.connection.handshake_timeout = milliseconds(300);
  options.tcp.linger = milliseconds(200);
  CardSink sink;
  const Time begun = steady_now();
  FetchReport report = fetch_card(server.where(), options, sink);
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(5));
  EXPECT_EQ(report.message.find('\n'), std::string::npos);
  return report;
}

void expect_no_greeting(const RawServer& server, const FetchReport& report) {
  EXPECT_EQ(report.status, ClientStatus::kNotKvferry);
  EXPECT_EQ(report.message.find(server.where().text() + ": no kvferry greeting from this peer: "), 0u)
      << report.message;
}

void say(tcp::socket& socket, const std::string& text) {
  SocketError ignored;
  asio::write(socket, asio::buffer(text), ignored);
}

TEST(BadServer, SpeaksHttp) {
  RawServer server([](tcp::socket& socket) {
    say(socket, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  expect_no_greeting(server, fetch_from(server));
}

TEST(BadServer, SendsGarbage) {
  RawServer server([](tcp::socket& socket) {
    Rng rng(3);
    const Bytes noise = random_bytes(rng, 100000);
    say(socket, std::string(noise.begin(), noise.end()));
  });
  expect_no_greeting(server, fetch_from(server));
}

TEST(BadServer, IsSilent) {
  RawServer server([](tcp::socket& socket) {
    std::string text;
    SocketError end;
    asio::read(socket, asio::dynamic_buffer(text), end);
  });
  const FetchReport report = fetch_from(server);
  expect_no_greeting(server, report);
  EXPECT_EQ(report.code, ErrorCode::kHandshake);
}

TEST(BadServer, HangsUpAtOnce) {
  RawServer server([](tcp::socket& socket) { socket.close(); });
  expect_no_greeting(server, fetch_from(server));
}

TEST(BadServer, ResetsTheConnection) {
  RawServer server([](tcp::socket& socket) {
    socket.set_option(tcp::socket::linger(true, 0));
    socket.close();
  });
  const FetchReport report = fetch_from(server);
  if (report.status == ClientStatus::kUnreachable) {  // the reset overtook the end of connecting
    EXPECT_EQ(report.message, server.where().text() + ": Connection reset by peer");
  } else {
    expect_no_greeting(server, report);
  }
}

TEST(BadServer, IsNotThere) {
  FetchOptions options = quick_options();
  CardSink sink;
  const FetchReport report = fetch_card({"127.0.0.1", 1}, options, sink);
  EXPECT_EQ(report.status, ClientStatus::kUnreachable);
  EXPECT_EQ(report.message, "127.0.0.1:1: Connection refused");
}

}  // namespace
}  // namespace kvferry::test
