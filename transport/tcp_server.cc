// SPDX-License-Identifier: MIT
#include "transport/tcp_server.h"

#include <algorithm>
#include <system_error>

namespace kvferry {

// A connection, its thread and its io_context. The list of workers belongs to the accepting thread.
struct TcpServer::Worker {
  asio::io_context io;
  tcp::socket socket{io};  // until the connection has it; takes what descriptors an io_context needs
  std::unique_ptr<ConnectionHandler> handler;
  std::unique_ptr<TcpConnection> connection;
  std::thread thread;
  std::string failure;  // written by the thread, read after join
};

Result<std::unique_ptr<TcpServer>> TcpServer::listen(const TcpServerOptions& options,
                                                     MakeHandler make_handler, OnFailure on_failure) {
  auto endpoints = resolve(options.listen, std::chrono::seconds(5));
  if (!endpoints) return endpoints.error();
  if (endpoints->empty()) return Error{options.listen.text() + ": no address"};
  std::unique_ptr<TcpServer> server(new TcpServer(options, std::move(make_handler), std::move(on_failure)));

  const tcp::endpoint& endpoint = endpoints->front();
  tcp::acceptor& acceptor = server->acceptor_;
  SocketError error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return Error{"cannot listen on " + options.listen.text() + ": " + error.message()};
  return server;
}

TcpServer::TcpServer(const TcpServerOptions& options, MakeHandler make_handler, OnFailure on_failure)
    : options_(options),
      make_handler_(std::move(make_handler)),
      on_failure_(std::move(on_failure)),
      acceptor_(io_),
      pause_(io_),
      grace_(io_) {
  options_.connection.role = Role::kServer;
  options_.connection.binding = Binding::kStream;
  options_.max_connections = std::max<std::size_t>(options_.max_connections, 1);
}

TcpServer::~TcpServer() { assert(workers_.empty()); }

HostPort TcpServer::local() const {
  SocketError ignored;
  return host_port(acceptor_.local_endpoint(ignored));
}

void TcpServer::run() {
  accept();
  while (!stopping_ || accepting_ || !workers_.empty()) {
    if (io_.run_one() == 0) io_.restart();
  }
}

void TcpServer::stop() {
  asio::post(io_, [this] { close_all(); });
}

void TcpServer::accept() {
  if (accepting_ || stopping_ || workers_.size() >= options_.max_connections) return;
  try {
    if (!next_) next_ = std::make_unique<Worker>();
  } catch (const boost::system::system_error&) {  // no file descriptors
    return accept_later();
  }
  accepting_ = true;
  acceptor_.async_accept(next_->socket, [this](const SocketError& error) {
    accepting_ = false;
    if (stopping_) return;
    if (error) return accept_later();
    start(std::move(next_));
    accept();
  });
}

void TcpServer::accept_later() {
  pause_.expires_after(std::chrono::milliseconds(100));
  pause_.async_wait([this](const SocketError& moved) {
    if (!moved) accept();
  });
}

void TcpServer::start(std::unique_ptr<Worker> worker) {
  Worker* const self = worker.get();
  ConnectionConfig config = options_.connection;
  config.seed += ++accepted_;
  self->handler = make_handler_();
  self->connection = std::make_unique<TcpConnection>(self->io, std::move(self->socket), config,
                                                     *self->handler, options_.tcp);
  workers_.push_back(std::move(worker));
  try {
    self->thread = std::thread([this, self] { serve(*self); });
  } catch (const std::system_error& no_thread) {
    if (on_failure_) on_failure_(self->connection->peer(), no_thread.what());
    workers_.pop_back();
  }
}

void TcpServer::serve(Worker& worker) {
  try {
    worker.connection->run();
  } catch (const std::exception& error) {
    worker.failure = error.what();
  }
  asio::post(io_, [this, &worker] { reap(&worker); });
}

void TcpServer::reap(Worker* worker) {
  worker->thread.join();
  if (!worker->failure.empty() && on_failure_) on_failure_(worker->connection->peer(), worker->failure);
  workers_.remove_if([worker](const auto& each) { return each.get() == worker; });
  ++ended_;
  if (options_.connections_to_serve != 0 && ended_ >= options_.connections_to_serve) close_all();
  accept();
}

void TcpServer::close_all() {
  if (stopping_) return;
  stopping_ = true;
  SocketError ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  for (const auto& worker : workers_) {
    worker->connection->post([](Connection& connection, Time now) {
      connection.close(now, ErrorCode::kNone, "the server is stopping");
    });
  }
  grace_.expires_after(options_.stop_grace);
  grace_.async_wait([this](const SocketError&) {
    for (const auto& worker : workers_) worker->connection->drop();
  });
}

}  // namespace kvferry
