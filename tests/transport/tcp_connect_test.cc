// SPDX-License-Identifier: MIT
#include "transport/tcp_connect.h"

#include <gtest/gtest.h>

#include <vector>

#include "transport/clock.h"

namespace kvferry {
namespace {

TEST(TcpConnect, NamesThePeerThatIsNotThere) {
  asio::io_context io;
  tcp::acceptor taken(io, {asio::ip::address_v4::loopback(), 0});
  const HostPort nobody = host_port(taken.local_endpoint());
  taken.close();
  auto socket = tcp_connect(io, nobody, std::chrono::seconds(5));
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().message, nobody.text() + ": Connection refused");
}

TEST(TcpConnect, GivesUpOnAPeerThatDoesNotAnswer) {
  asio::io_context io;
  tcp::acceptor full(io);
  full.open(tcp::v4());
  full.bind({asio::ip::address_v4::loopback(), 0});
  full.listen(0);
  const HostPort where = host_port(full.local_endpoint());
  // Nobody accepts: once the queue is full, the kernel drops what asks to connect.
  std::vector<tcp::socket> queued;
  std::string error;
  const Time begun = steady_now();
  for (int i = 0; i < 8 && error.empty(); ++i) {
    auto socket = tcp_connect(io, where, milliseconds(150));
    if (socket) {
      queued.push_back(std::move(*socket));
    } else {
      error = socket.error().message;
    }
  }
  EXPECT_EQ(error, where.text() + ": no answer within 150 ms");
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(5));
}

TEST(TcpConnect, ConnectsByName) {
  asio::io_context io;
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  auto socket = tcp_connect(io, {"localhost", acceptor.local_endpoint().port()}, std::chrono::seconds(5));
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_EQ(socket->remote_endpoint(), acceptor.local_endpoint());
}

}  // namespace
}  // namespace kvferry
