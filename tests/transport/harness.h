// SPDX-License-Identifier: MIT
//
// A server on a thread of its own, and clients that misbehave on purpose.
#pragma once

#include "transport/asio.h"
// After asio.h.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "tests/protocol/sample_cards.h"
#include "tests/transport/identities.h"
#include "transport/fetch.h"
#include "transport/quic_server.h"
#include "transport/tcp_server.h"
#include "transport/udp_server.h"

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
  explicit ServerThread(const Answer& answer, const TcpServerOptions& options = {})
      : server_(listen<TcpServer>(options, answer)), thread_([this] { server_->run(); }) {}
  ServerThread(const Answer& answer, const UdpServerOptions& options)
      : server_(listen<UdpServer>(options, answer)), thread_([this] { server_->run(); }) {}
  ServerThread(const Answer& answer, const QuicServerOptions& options)
      : server_(listen<QuicServer>(options, answer)), thread_([this] { server_->run(); }) {}
  ServerThread(const ServerThread&) = delete;
  ServerThread& operator=(const ServerThread&) = delete;
  ~ServerThread() { stop(); }

  void stop() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] const HostPort& where() const { return where_; }
  // What a handler threw; after stop().
  [[nodiscard]] const std::string& failure() const { return failure_; }
  // Connections so far.
  [[nodiscard]] int handlers() const { return handlers_; }

 private:
  template <typename AServer, typename Options>
  std::unique_ptr<Server> listen(const Options& options, const Answer& answer) {
    return AServer::listen(
               options,
               [this, answer] {
                 ++handlers_;
                 return std::make_unique<AnsweringHandler>(answer);
               },
               [this](const std::string&, const std::string& what) { failure_ = what; })
        .value();
  }

  std::string failure_;
  std::atomic<int> handlers_{0};
  std::unique_ptr<Server> server_;
  HostPort where_ = server_->local();  // asked before another thread owns the socket
  std::thread thread_;
};

// Serves a card and counts the chunks that it is asked for; may do something before one of them.
class CountingSource final : public ChunkSource {
 public:
  CountingSource(Card card, std::atomic<std::uint32_t>& asked, std::function<void(std::uint32_t)> before = {})
      : card_(std::move(card)), asked_(asked), before_(std::move(before)) {}
  const Manifest& manifest() const override { return card_.manifest(); }
  Result<Slice> chunk(std::uint32_t index) override {
    ++asked_;
    if (before_) before_(index);
    return card_.chunk(index);
  }

 private:
  CardSource card_;
  std::atomic<std::uint32_t>& asked_;
  std::function<void(std::uint32_t)> before_;
};

// Gives one chunk with a flipped bit the first times.
class DamagingSource final : public ChunkSource {
 public:
  DamagingSource(Card card, std::uint32_t chunk, int times)
      : card_(std::move(card)), chunk_(chunk), times_(times) {}
  const Manifest& manifest() const override { return card_.manifest(); }
  Result<Slice> chunk(std::uint32_t index) override {
    auto payload = card_.chunk(index);
    if (index != chunk_ || times_-- <= 0) return payload;
    Bytes bytes(payload->view().begin(), payload->view().end());
    bytes[bytes.size() / 2] ^= 1;
    return Slice(std::move(bytes));
  }

 private:
  CardSource card_;
  std::uint32_t chunk_;
  int times_;
};

[[nodiscard]] inline Answer damaging(const Card& card, std::uint32_t chunk, int times) {
  return [=](ConnectionDriver&, const RequestOptions&) -> Result<std::shared_ptr<ChunkSource>> {
    return std::shared_ptr<ChunkSource>(std::make_shared<DamagingSource>(card, chunk, times));
  };
}

// Chunks large enough for their digests to be compared on another thread.
[[nodiscard]] inline Card card_of_large_chunks(std::uint32_t chunks) {
  Card card = sample_card(17, 0, 1);
  Rng rng(17);
  for (std::uint32_t i = 0; i < chunks; ++i) {
    ChunkInfo info;
    info.layer_count = 2;
    info.row_count = 64;
    add_chunk(card, info, Slice(random_bytes(rng, 300'000)));
  }
  return card;
}

[[nodiscard]] inline Answer serving(const Card& card) {
  return [card](ConnectionDriver&, const RequestOptions&) -> Result<std::shared_ptr<ChunkSource>> {
    return std::shared_ptr<ChunkSource>(std::make_shared<CardSource>(card));
  };
}

// Alice is the client, Bob the server.
[[nodiscard]] inline TcpOptions tcp_options(TransportKind transport, Role role) {
  TcpOptions options;
  if (transport != TransportKind::kTls) return options;
  const bool client = role == Role::kClient;
  const PeerTrust trust{{key_of(client ? bob() : alice())}, {}, {}};
  options.tls = TlsContext::make(role, client ? alice() : bob(), trust).value();
  return options;
}

[[nodiscard]] inline FetchOptions quick_options(TransportKind transport = TransportKind::kTcp) {
  FetchOptions options;
  options.transport = transport;
  options.tcp = tcp_options(transport, Role::kClient);
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
inline void expect_served(const HostPort& server, const Card& card,
                          TransportKind transport = TransportKind::kTcp) {
  CardSink sink;
  const FetchReport report = fetch_card(server, quick_options(transport), sink);
  ASSERT_EQ(report.status, ClientStatus::kApplied) << report.message;
  EXPECT_TRUE(same_bytes(sink.card(), card));
}

}  // namespace kvferry::test
