// SPDX-License-Identifier: MIT
//
// Another program where a peer was expected: on one port of TCP and UDP, it answers what it is sent in its
// own way.
#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <thread>

#include "protocol/base/bytes.h"
#include "transport/host_port.h"

namespace kvferry::test {

enum class Over : std::uint8_t { kTcp, kUdp };

class OtherProgram {
 public:
  // What it says to what it was sent; nothing if it is empty. Called on a thread of its own.
  using Answer = std::function<Bytes(Over, ByteView)>;

  explicit OtherProgram(Answer answer)
      : answer_(std::move(answer)),
        acceptor_(io_, {asio::ip::address_v4::loopback(), 0}),
        socket_(io_, udp::endpoint(asio::ip::address_v4::loopback(), acceptor_.local_endpoint().port())) {
    accept();
    receive();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~OtherProgram() {
    io_.stop();
    thread_.join();
  }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;

  [[nodiscard]] HostPort where() const { return host_port(acceptor_.local_endpoint()); }

 private:
  struct Caller {
    tcp::socket socket;
    std::array<std::uint8_t, 65536> input{};
  };

  void accept() {
    acceptor_.async_accept([this](const SocketError& error, tcp::socket socket) {
      if (!error) read(std::make_shared<Caller>(Caller{std::move(socket)}));
      accept();
    });
  }
  void read(const std::shared_ptr<Caller>& caller) {
    caller->socket.async_read_some(
        asio::buffer(caller->input), [this, caller](const SocketError& error, std::size_t size) {
          if (error) return;
          const Bytes said = answer_(Over::kTcp, ByteView(caller->input).first(size));
          SocketError ignored;
          asio::write(caller->socket, asio::buffer(said), ignored);
          read(caller);
        });
  }
  void receive() {
    socket_.async_receive_from(asio::buffer(input_), from_,
                               [this](const SocketError& error, std::size_t size) {
                                 if (error) return;
                                 const Bytes said = answer_(Over::kUdp, ByteView(input_).first(size));
                                 SocketError ignored;
                                 if (!said.empty()) socket_.send_to(asio::buffer(said), from_, 0, ignored);
                                 receive();
                               });
  }

  Answer answer_;
  asio::io_context io_;
  tcp::acceptor acceptor_;
  udp::socket socket_;
  udp::endpoint from_;
  std::array<std::uint8_t, 65536> input_{};
  std::thread thread_;
};

}  // namespace kvferry::test
