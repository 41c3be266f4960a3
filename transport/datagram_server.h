// SPDX-License-Identifier: MIT
//
// Many connections on one UDP socket and one thread: what the servers over UDP
// and QUIC share. They say which datagram is whose, and what to do with a
// stranger's.
#pragma once

#include <map>
#include <memory>

#include "transport/datagram_connection.h"
#include "transport/server.h"
#include "transport/udp_paths.h"
#include "transport/udp_socket.h"

namespace kvferry {

struct DatagramServerOptions {
  HostPort listen{"127.0.0.1", 0};  // port 0: any free one
  // Strangers beyond this many get no answer.
  std::size_t max_connections = 1024;
  std::shared_ptr<Capture> capture;  // of all datagrams; may be empty
  // Stops by itself after this many connections have ended; 0: never.
  std::size_t connections_to_serve = 0;
  // Connections whose peer may not be where it says. With this many of them, a stranger must come back with a
  // token; 0: always. They are dropped after the handshake timeout.
  std::size_t max_half_open = 64;
  Duration stop_grace = std::chrono::seconds(2);  // how long open connections may take to say goodbye
};

// A connection, its peer's addresses and its application. What the application throws ends this connection
// only.
class DatagramPeer : public ConnectionHandler, public DatagramPort {
 public:
  DatagramPeer(std::uint64_t number, const udp::endpoint& from, UdpSocket& socket,
               std::unique_ptr<ConnectionHandler> handler, const Server::OnFailure& on_failure)
      : number_(number),
        paths_(from),
        socket_(socket),
        handler_(std::move(handler)),
        on_failure_(on_failure) {}

  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] virtual DatagramConnection& connection() = 0;
  void take(Time now, ByteView datagram, const udp::endpoint& from) {
    connection().take(now, datagram, paths_.received_from(from));
  }

  void on_event(ConnectionDriver& driver, const Event& event) override;
  void on_gone() override { handler_->on_gone(); }
  void send(PathId path, ByteView datagram) override;
  void flush() override { socket_.flush(); }

 private:
  std::uint64_t number_;
  UdpPaths paths_;
  UdpSocket& socket_;
  std::unique_ptr<ConnectionHandler> handler_;
  const Server::OnFailure& on_failure_;
  bool failed_ = false;
};

class DatagramServer : public Server {
 public:
  [[nodiscard]] HostPort local() const override;
  void run() override;
  void stop() override;
  [[nodiscard]] asio::io_context& io() override { return io_; }

 protected:
  DatagramServer(const DatagramServerOptions& options, MakeHandler make_handler, OnFailure on_failure);
  [[nodiscard]] Result<void> bind();

  // Whose it is; nothing when it is nobody's, and has been answered or dropped.
  [[nodiscard]] virtual DatagramPeer* find(ByteView datagram, const udp::endpoint& from) = 0;
  // What came together has been taken.
  virtual void on_settled(DatagramPeer& peer) = 0;
  // Before it goes. Whether it counts as served.
  virtual bool forget(DatagramPeer& peer) = 0;

  void answer(const udp::endpoint& to, ByteView datagram);
  DatagramPeer& add(std::unique_ptr<DatagramPeer> peer);
  // For a connection's on_finished.
  [[nodiscard]] std::function<void()> reaping(std::uint64_t number);
  [[nodiscard]] bool is_full() const { return stopping_ || peers_.size() >= options_.max_connections; }
  [[nodiscard]] const std::map<std::uint64_t, std::unique_ptr<DatagramPeer>>& peers() const { return peers_; }
  [[nodiscard]] UdpSocket& socket() { return socket_; }
  [[nodiscard]] std::unique_ptr<ConnectionHandler> make_handler() const { return make_handler_(); }
  [[nodiscard]] const OnFailure& on_failure() const { return on_failure_; }

 private:
  void on_train(const UdpTrain& train, const udp::endpoint& from);
  void settle(DatagramPeer* peer);
  void reap(std::uint64_t number);
  void close_all();

  asio::io_context io_;
  DatagramServerOptions options_;
  MakeHandler make_handler_;
  OnFailure on_failure_;
  UdpSocket socket_;
  asio::steady_timer grace_;  // from stop() until connections are dropped
  std::map<std::uint64_t, std::unique_ptr<DatagramPeer>> peers_;
  std::size_t served_ = 0;
  bool stopping_ = false;
};

}  // namespace kvferry
