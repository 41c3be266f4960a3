// SPDX-License-Identifier: MIT
//
// Accepts TCP connections and runs each on a thread of its own, so that a bad
// peer, or a long answer, holds up nobody else.
#pragma once

#include <list>
#include <memory>
#include <thread>

#include "transport/server.h"
#include "transport/tcp_connection.h"

namespace kvferry {

struct TcpServerOptions {
  HostPort listen{"127.0.0.1", 0};  // port 0: any free one
  // More peers than this wait in the kernel's queue.
  std::size_t max_connections = 1024;
  // Stops by itself after this many connections have ended; 0: never.
  std::size_t connections_to_serve = 0;
  ConnectionConfig connection;  // role and binding are set; the seed is varied
  TcpOptions tcp;
  Duration stop_grace = std::chrono::seconds(2);  // how long open connections may take to say goodbye
};

class TcpServer final : public Server {
 public:
  // Binds and listens. The error names the address.
  [[nodiscard]] static Result<std::unique_ptr<TcpServer>> listen(const TcpServerOptions& options,
                                                                 MakeHandler make_handler,
                                                                 OnFailure on_failure = {});
  ~TcpServer() override;

  [[nodiscard]] HostPort local() const override;
  void run() override;
  void stop() override;
  [[nodiscard]] asio::io_context& io() override { return io_; }

 private:
  struct Worker;

  TcpServer(const TcpServerOptions& options, MakeHandler make_handler, OnFailure on_failure);
  void accept();
  void accept_later();
  void start(std::unique_ptr<Worker> worker);
  void serve(Worker& worker);  // on the worker's thread
  void reap(Worker* worker);
  void close_all();

  // For the connection being accepted, or the next one. Outlives io_, whose operation refers to it.
  std::unique_ptr<Worker> next_;
  asio::io_context io_;
  TcpServerOptions options_;
  MakeHandler make_handler_;
  OnFailure on_failure_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;  // when there are no file descriptors, before the next try
  asio::steady_timer grace_;  // from stop() until connections are dropped
  std::list<std::unique_ptr<Worker>> workers_;
  std::uint64_t accepted_ = 0;
  std::uint64_t ended_ = 0;
  bool accepting_ = false;
  bool stopping_ = false;
};

}  // namespace kvferry
