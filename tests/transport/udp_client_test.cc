// SPDX-License-Identifier: MIT
//
// A peer over UDP that is not there, or another program, gives one clear line in
// bounded time.
#include "transport/udp_client.h"

#include "tests/transport/udp_harness.h"

namespace kvferry::test {
namespace {

FetchReport fetch_from(const HostPort& server) {
  FetchOptions options = quick_options(TransportKind::kUdp);
  options.connection.handshake_timeout = milliseconds(300);
  options.udp.linger = milliseconds(200);
  CardSink sink;
  const Time begun = steady_now();
  FetchReport report = fetch_card(server, options, sink);
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(5));
  EXPECT_EQ(report.message.find('\n'), std::string::npos);
  return report;
}

// Answers every datagram as told.
class AnsweringSocket {
 public:
  explicit AnsweringSocket(std::function<std::vector<Bytes>(ByteView)> answer) : socket_(io_) {
    const SocketError error = socket_.bind({asio::ip::address_v4::loopback(), 0});
    EXPECT_FALSE(error) << error.message();
    socket_.receive([this, answer = std::move(answer)](const UdpTrain& train, const udp::endpoint& from) {
      train.each([&](ByteView datagram) {
        for (const Bytes& each : answer(datagram)) socket_.send(from, each);
      });
      socket_.flush();
    });
    thread_ = std::thread([this] { io_.run(); });
  }
  ~AnsweringSocket() {
    io_.stop();
    thread_.join();
  }
  AnsweringSocket(const AnsweringSocket&) = delete;
  AnsweringSocket& operator=(const AnsweringSocket&) = delete;
  [[nodiscard]] HostPort where() const { return host_port(socket_.local()); }

 private:
  asio::io_context io_;
  UdpSocket socket_;
  std::thread thread_;
};

void expect_no_greeting(const HostPort& server) {
  const FetchReport report = fetch_from(server);
  EXPECT_EQ(report.status, ClientStatus::kNotKvferry);
  EXPECT_EQ(report.code, ErrorCode::kHandshake);
  EXPECT_EQ(report.message,
            server.text() + ": no kvferry greeting from this peer: no HELLO within the handshake timeout");
}

TEST(UdpClient, SaysThatNobodyListens) {
  const Time begun = steady_now();
  const FetchReport report = fetch_from({"127.0.0.1", 1});
  EXPECT_EQ(report.status, ClientStatus::kUnreachable);
  EXPECT_EQ(report.message, "127.0.0.1:1: Connection refused");
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(1));
}

TEST(UdpClient, SaysThatThereIsNoWay) {
  const FetchReport report = fetch_from({"255.255.255.255", 4433});
  EXPECT_EQ(report.status, ClientStatus::kUnreachable);
  EXPECT_EQ(report.message, "255.255.255.255:4433: Permission denied");
}

TEST(UdpClient, GivesUpOnAPeerThatIsSilent) {
  AnsweringSocket peer([](ByteView) { return std::vector<Bytes>(); });
  expect_no_greeting(peer.where());
}

TEST(UdpClient, IsNotImpressedByGarbage) {
  Rng rng(3);
  AnsweringSocket peer([&](ByteView) {
    std::vector<Bytes> noise;
    for (int i = 0; i < 20; ++i) noise.push_back(random_bytes(rng, rng.below(2000)));
    return noise;
  });
  expect_no_greeting(peer.where());
}

TEST(UdpClient, IsNotImpressedByItsOwnWords) {
  AnsweringSocket peer(
      [](ByteView datagram) { return std::vector<Bytes>{Bytes(datagram.begin(), datagram.end())}; });
  const FetchReport report = fetch_from(peer.where());
  EXPECT_NE(report.status, ClientStatus::kApplied);
  EXPECT_NE(report.message, "");
}

TEST(UdpClient, SaysThatThePeerHasGone) {
  auto server = std::make_unique<ServerThread>(
      [](ConnectionDriver&, const RequestOptions&) -> Result<std::shared_ptr<ChunkSource>> {
        return std::shared_ptr<ChunkSource>();  // leaves the client waiting
      },
      [] {
        UdpServerOptions options;
        options.stop_grace = milliseconds(0);
        return options;
      }());
  const HostPort where = server->where();
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(200));
    server.reset();
  });
  const FetchReport report = fetch_from(where);
  stopper.join();
  EXPECT_EQ(report.status, ClientStatus::kLost);
  EXPECT_EQ(report.message, where.text() + " closed the connection: the server is stopping");
}

}  // namespace
}  // namespace kvferry::test
