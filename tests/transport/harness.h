// SPDX-License-Identifier: MIT
//
// A server on a thread of its own, and clients that misbehave on purpose.
#pragma once

#include "transport/asio.h"
// After asio.h.
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "tests/protocol/sample_cards.h"
#include "transport/fetch.h"
#include "transport/tcp_server.h"

namespace kvferry::test {

// What a server does with a request: a source, or the reason for refusing.
using Answer = std::function<Result<std::shared_ptr<ChunkSource>>(ConnectionDriver&, const RequestOptions&)>;

class AnsweringHandler final : public ConnectionHandler {
 public:
  explicit AnsweringHandler(Answer answer) : answer_(std::move(answer)) {}
  void on_event(ConnectionDriver& connection, const Event& event) override {
    const auto* requested = std::get_if<event::Requested>(&event);
    if (!requested) return;
    auto source = answer_(connection, requested->options);
    connection.command([&](Connection& c, Time now) {
      if (!source) {
        c.refuse(now, requested->id, source.error().message);
      } else if (*source) {
        c.provide(now, requested->id, *source);
      }
    });
  }

 private:
  Answer answer_;
};

class ServerThread {
 public:
  explicit ServerThread(Answer answer, const TcpServerOptions& options = {})
      : server_(std::move(TcpServer::listen(
                              options, [answer] { return std::make_unique<AnsweringHandler>(answer); },
                              [this](const std::string&, const std::string& what) { failure_ = what; }))
                    .value()),
        thread_([this] { server_->run(); }) {}
  ServerThread(const ServerThread&) = delete;
  ServerThread& operator=(const ServerThread&) = delete;
  ~ServerThread() { stop(); }

  void stop() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] HostPort where() const { return server_->local(); }
  // What a handler threw; after stop().
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  std::string failure_;
  std::unique_ptr<TcpServer> server_;
  std::thread thread_;
};

[[nodiscard]] inline Answer serving(const Card& card) {
  return [card](ConnectionDriver&, const RequestOptions&) -> Result<std::shared_ptr<ChunkSource>> {
    return std::shared_ptr<ChunkSource>(std::make_shared<CardSource>(card));
  };
}

[[nodiscard]] inline FetchOptions quick_options() {
  FetchOptions options;
  options.request.document = "document";
  options.connection.progress_timeout = std::chrono::seconds(20);
  return options;
}

// A client that can say anything.
class RawClient {
 public:
  explicit RawClient(const HostPort& server) : socket_(io_) {
    socket_.connect({asio::ip::make_address(server.host), server.port});
  }
  void send(const std::string& text) {
    SocketError ignored;
    asio::write(socket_, asio::buffer(text), ignored);
  }
  // Everything until the peer ends its direction.
  std::string read_all() {
    std::string text;
    SocketError end;
    asio::read(socket_, asio::dynamic_buffer(text), end);
    return text;
  }
  tcp::socket& socket() { return socket_; }

 private:
  asio::io_context io_;
  tcp::socket socket_;
};

// Expects that a well-behaved client gets the card.
inline void expect_served(const HostPort& server, const Card& card) {
  CardSink sink;
  const FetchReport report = fetch_card(server, quick_options(), sink);
  ASSERT_EQ(report.status, FetchStatus::kApplied) << report.message;
  EXPECT_TRUE(same_bytes(sink.card(), card));
}

}  // namespace kvferry::test
