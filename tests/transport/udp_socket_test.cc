// SPDX-License-Identifier: MIT
#include "transport/udp_socket.h"

#include <boost/asio/error.hpp>

#include "tests/transport/udp_harness.h"

namespace kvferry::test {
namespace {

class UdpSockets : public testing::Test {
 protected:
  void SetUp() override { ASSERT_FALSE(socket_.bind({asio::ip::address_v4::loopback(), 0})); }
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
  socket_.receive([&](ByteView datagram, const udp::endpoint&) { received.push_back(datagram[0]); });
  EXPECT_TRUE(run_until([&] { return received.size() == 200; })) << received.size();
}

TEST_F(UdpSockets, CarryEmptyAndLargeDatagrams) {
  RawUdp peer(host_port(socket_.local()));
  std::vector<std::size_t> sizes;
  socket_.receive([&](ByteView datagram, const udp::endpoint&) { sizes.push_back(datagram.size()); });
  for (std::size_t size : {0u, 1u, 16383u, 65507u}) peer.send(Bytes(size));
  EXPECT_TRUE(run_until([&] { return sizes.size() == 4; }));
  EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 1, 16383, 65507}));
}

TEST_F(UdpSockets, LoseWhatIsTooLargeAndGoOn) {
  UdpSocket peer(io_);
  std::vector<SocketError> errors;
  ASSERT_FALSE(peer.connect(socket_.local()));
  peer.receive([](ByteView, const udp::endpoint&) {}, [&](const SocketError& e) { errors.push_back(e); });
  std::size_t received = 0;
  socket_.receive([&](ByteView datagram, const udp::endpoint&) { received += datagram.size(); });
  peer.send(socket_.local(), Bytes(70000));
  peer.send(socket_.local(), Bytes(7));
  EXPECT_TRUE(run_until([&] { return received == 7; }));
  EXPECT_TRUE(errors.empty());
}

TEST_F(UdpSockets, TellThatNobodyListens) {
  const udp::endpoint nobody = socket_.local();
  socket_.close();
  UdpSocket peer(io_);
  ASSERT_FALSE(peer.connect(nobody));
  std::optional<SocketError> heard;
  peer.receive([](ByteView, const udp::endpoint&) {}, [&](const SocketError& error) { heard = error; });
  peer.send(nobody, Bytes(7));
  EXPECT_TRUE(run_until([&] { return heard.has_value(); }));
  EXPECT_EQ(*heard, asio::error::connection_refused);
}

TEST_F(UdpSockets, MayBeClosedFromWithinTheirCallbacks) {
  RawUdp peer(host_port(socket_.local()));
  for (std::uint8_t i = 0; i < 10; ++i) peer.send({i});
  int received = 0;
  socket_.receive([&](ByteView, const udp::endpoint&) {
    ++received;
    socket_.close();
  });
  EXPECT_TRUE(run_until([&] { return received > 0; }));
  io_.restart();
  io_.run_for(milliseconds(20));
  EXPECT_EQ(received, 1);
  socket_.send(socket_.local(), {1});
}

}  // namespace
}  // namespace kvferry::test
