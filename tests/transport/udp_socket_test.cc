// SPDX-License-Identifier: MIT
#include "transport/udp_socket.h"

#include <boost/asio/error.hpp>

#include "tests/transport/udp_harness.h"

namespace kvferry::test {
namespace {

class UdpSockets : public testing::Test {
 protected:
  void SetUp() override { ASSERT_FALSE(socket_.bind({asio::ip::address_v4::loopback(), 0})); }
  static void on_datagram(UdpSocket& socket, std::function<void(ByteView)> f) {
    socket.receive([f = std::move(f)](const UdpTrain& train, const udp::endpoint&) { train.each(f); });
  }
  bool run_until(const std::function<bool()>& done) {
    const Time end = steady_now() + std::chrono::seconds(10);
    while (!done() && steady_now() < end) {
      io_.restart();
      io_.run_one_for(milliseconds(10));
    }
    return done();
  }

  asio::io_context io_;
  UdpSocket socket_{io_};
};

TEST_F(UdpSockets, ReceiveWhatHadArrivedBefore) {
  RawUdp peer(host_port(socket_.local()));
  for (std::uint8_t i = 0; i < 200; ++i) peer.send({i});
  std::vector<std::uint8_t> received;
  on_datagram(socket_, [&](ByteView datagram) { received.push_back(datagram[0]); });
  EXPECT_TRUE(run_until([&] { return received.size() == 200; })) << received.size();
}

TEST_F(UdpSockets, CarryEmptyAndLargeDatagrams) {
  RawUdp peer(host_port(socket_.local()));
  std::vector<std::size_t> sizes;
  on_datagram(socket_, [&](ByteView datagram) { sizes.push_back(datagram.size()); });
  for (std::size_t size : {0u, 1u, 16383u, 65507u}) peer.send(Bytes(size));
  EXPECT_TRUE(run_until([&] { return sizes.size() == 4; }));
  EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 1, 16383, 65507}));
}

// The kernel cuts trains, and joins them again; what arrives is the same whether it does or not.
TEST_F(UdpSockets, KeepTheBoundsAndTheOrderOfDatagramsInTrains) {
  UdpSocket peer(io_);
  ASSERT_FALSE(peer.connect(socket_.local()));
  std::vector<Bytes> received;
  on_datagram(socket_, [&](ByteView datagram) { received.emplace_back(datagram.begin(), datagram.end()); });
  std::vector<Bytes> sent;
  const auto send = [&](int count, std::size_t size) {
    for (int i = 0; i < count; ++i) {
      sent.emplace_back(size, static_cast<std::uint8_t>(sent.size()));
      peer.send(socket_.local(), sent.back());
    }
  };
  send(100, 1200);  // more than one train
  send(1, 1201);    // larger than those before it
  send(2, 7);       // smaller: ends a train
  send(1, 0);
  send(3, 1452);
  send(1, 0);
  send(70, 1);
  peer.flush();
  EXPECT_TRUE(run_until([&] { return received.size() == sent.size(); })) << received.size();
  EXPECT_EQ(received, sent);
}

TEST_F(UdpSockets, SendATrainToEachAddress) {
  UdpSocket sender(io_), first(io_), second(io_);
  const udp::endpoint any(asio::ip::address_v4::loopback(), 0);
  ASSERT_FALSE(sender.bind(any));
  ASSERT_FALSE(first.bind(any));
  ASSERT_FALSE(second.bind(any));
  std::vector<std::uint8_t> to_first, to_second;
  on_datagram(first, [&](ByteView datagram) { to_first.push_back(datagram[0]); });
  on_datagram(second, [&](ByteView datagram) { to_second.push_back(datagram[0]); });
  for (std::uint8_t i = 0; i < 6; ++i) sender.send((i % 3 == 0 ? first : second).local(), Bytes(100, i));
  sender.flush();
  EXPECT_TRUE(run_until([&] { return to_first.size() + to_second.size() == 6; }));
  EXPECT_EQ(to_first, (std::vector<std::uint8_t>{0, 3}));
  EXPECT_EQ(to_second, (std::vector<std::uint8_t>{1, 2, 4, 5}));
}

TEST_F(UdpSockets, LoseWhatIsTooLargeAndGoOn) {
  UdpSocket peer(io_);
  std::vector<SocketError> errors;
  ASSERT_FALSE(peer.connect(socket_.local()));
  peer.receive([](const UdpTrain&, const udp::endpoint&) {},
               [&](const SocketError& e) { errors.push_back(e); });
  std::size_t received = 0;
  on_datagram(socket_, [&](ByteView datagram) { received += datagram.size(); });
  peer.send(socket_.local(), Bytes(70000));
  peer.send(socket_.local(), Bytes(7));
  peer.flush();
  EXPECT_TRUE(run_until([&] { return received == 7; }));
  EXPECT_TRUE(errors.empty());
}

TEST_F(UdpSockets, TellThatNobodyListens) {
  const udp::endpoint nobody = socket_.local();
  socket_.close();
  UdpSocket peer(io_);
  ASSERT_FALSE(peer.connect(nobody));
  std::optional<SocketError> heard;
  peer.receive([](const UdpTrain&, const udp::endpoint&) {},
               [&](const SocketError& error) { heard = error; });
  peer.send(nobody, Bytes(7));
  peer.flush();
  EXPECT_TRUE(run_until([&] { return heard.has_value(); }));
  EXPECT_EQ(*heard, asio::error::connection_refused);
}

TEST_F(UdpSockets, MayBeClosedFromWithinTheirCallbacks) {
  RawUdp peer(host_port(socket_.local()));
  for (std::uint8_t i = 0; i < 10; ++i) peer.send({i});
  int received = 0;
  on_datagram(socket_, [&](ByteView) {
    ++received;
    socket_.close();
  });
  EXPECT_TRUE(run_until([&] { return received > 0; }));
  io_.restart();
  io_.run_for(milliseconds(20));
  EXPECT_EQ(received, 1);
  socket_.send(socket_.local(), Bytes{1});
}

}  // namespace
}  // namespace kvferry::test
