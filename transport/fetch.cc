// SPDX-License-Identifier: MIT
#include "transport/fetch.h"

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include "transport/quic_client.h"
#include "transport/stop_signals.h"
#include "transport/tcp_connect.h"
#include "transport/udp_client.h"

namespace kvferry {
namespace {

constexpr Duration kPatience = std::chrono::seconds(1);  // with a peer that may have gone

// Over UDP this shows when something has been sent.
bool is_unreachable(const SocketError& error) {
  return error == asio::error::connection_refused || error == asio::error::host_unreachable ||
         error == asio::error::network_unreachable;
}

class FetchHandler final : public ConnectionHandler {
 public:
  FetchHandler(std::string where, const FetchOptions& options, ChunkSink& sink, FetchReport& report)
      : where_(std::move(where)), options_(options), sink_(sink), report_(report), begun_(steady_now()) {}

  void on_event(ConnectionDriver& connection, const Event& event) override {
    std::visit([&](const auto& each) { on(connection, each); }, event);
  }

  // Right behind our own greeting: the answer is one round trip away.
  void begin(ConnectionDriver& connection) {
    id_ =
        connection.command([&](Connection& c, Time now) { return c.request(now, options_.request, sink_); });
  }

  // What is here has to do.
  void freeze(ConnectionDriver& connection) {
    if (settled_ || stopped_) return;
    if (report_.chunks.empty()) {
      settle_on(FetchStatus::kTooLate, where_ + ": nothing of the card had come in time");
      connection.command([&](Connection& c, Time now) { c.cancel(now, id_, "too late"); });
      return greeted_ ? connection.leave_within(kPatience) : connection.drop();
    }
    if (options_.look) return options_.look();
    stopped_ = true;
    verdict_ = use_what_is_here(0);
    connection.command([&](Connection& c, Time now) { c.stop(now, id_); });
  }

  void interrupt(ConnectionDriver& connection) {
    settle_on(FetchStatus::kInterrupted, "interrupted");
    if (!greeted_) return connection.drop();  // nobody there to take leave of
    connection.command([&](Connection& c, Time now) { c.cancel(now, id_, "interrupted"); });
    connection.leave_within(kPatience);
  }

 private:
  void on(ConnectionDriver&, const event::Connected&) { greeted_ = true; }
  void on(ConnectionDriver&, const event::ManifestArrived& event) {
    report_.card = event.card;
    manifest_at_ = steady_now();
    report_.manifest = manifest_at_ - begun_;
  }
  void on(ConnectionDriver&, const event::ChunkArrived& event) {
    report_.chunks.add(event.index);
    payload_bytes_ += event.size_bytes;
    if (options_.progress) options_.progress(report_.chunks.size(), payload_bytes_);
  }
  void on(ConnectionDriver& connection, const event::Complete& event) {
    if (!verdict_) verdict_ = use_what_is_here(event.chunks_skipped);
    give_verdict(connection);
  }
  void on(ConnectionDriver& connection, const event::Stopped&) { give_verdict(connection); }
  void give_verdict(ConnectionDriver& connection) {
    if (*verdict_) {
      settle_on(FetchStatus::kApplied, "");
      connection.command([&](Connection& c, Time now) { c.confirm(now, id_); });
    } else {
      const std::string why = verdict_->error().message;
      settle_on(FetchStatus::kFailed, why);
      connection.command([&](Connection& c, Time now) { c.reject(now, id_, why); });
    }
    part(connection);
  }
  void on(ConnectionDriver& connection, const event::Refused& event) {
    settle_on(FetchStatus::kRefused, where_ + " refused: " + event.reason);
    part(connection);
  }
  void on(ConnectionDriver& connection, const event::Rejected& event) {
    settle_on(FetchStatus::kFailed,
              event.by_peer ? where_ + " gave the transfer up: " + event.reason : event.reason);
    part(connection);
  }
  void on(ConnectionDriver& connection, const event::Cancelled& event) {
    settle_on(FetchStatus::kFailed, where_ + " withdrew the card: " + event.reason);
    part(connection);
  }
  void on(ConnectionDriver& connection, const event::Stalled& event) {
    settle_on(FetchStatus::kStalled, where_ + ": " + event.reason);
    connection.command([&](Connection& c, Time now) { c.cancel(now, event.id, "stalled"); });
    connection.leave_within(kPatience);
  }
  void on(ConnectionDriver& connection, const event::Closed& event) {
    report_.code = event.code;
    if (!greeted_ && is_unreachable(connection.socket_error())) {
      return settle_on(FetchStatus::kUnreachable, where_ + ": " + connection.socket_error().message());
    }
    settle_on(greeted_ ? FetchStatus::kLost : FetchStatus::kNotKvferry, explain(connection, event));
  }
  // The server's side of the protocol; this client has no part in it.
  void on(ConnectionDriver& connection, const event::Requested& event) { decline(connection, event.id); }
  void on(ConnectionDriver& connection, const event::Offered& event) { decline(connection, event.id); }
  void on(ConnectionDriver&, const event::Skipped&) {}
  void on(ConnectionDriver&, const event::LevelChanged&) {}
  void on(ConnectionDriver&, const event::Sent&) {}
  void on(ConnectionDriver&, const event::Confirmed&) {}

  [[nodiscard]] Result<void> use_what_is_here(std::uint64_t skipped) {
    report_.chunk_data = steady_now() - manifest_at_;
    if (skipped > 0 && !options_.accept_part)
      return Error{where_ + " left out " + std::to_string(skipped) + " chunks"};
    return options_.apply ? options_.apply() : Result<void>();
  }

  static void decline(ConnectionDriver& connection, TransferId id) {
    connection.command([id](Connection& c, Time now) { c.refuse(now, id, "this client only fetches"); });
  }
  static void part(ConnectionDriver& connection) {
    connection.command([](Connection& c, Time now) { c.close(now); });
  }

  // The first verdict stays.
  void settle_on(FetchStatus status, const std::string& message) {
    if (settled_) return;
    settled_ = true;
    report_.status = status;
    report_.message = message;
  }

  [[nodiscard]] std::string explain(const ConnectionDriver& connection, const event::Closed& event) const {
    const std::string why = connection.socket_error() ? connection.socket_error().message() : event.reason;
    const bool said_so = event.by_peer && event.code != ErrorCode::kEndOfStream;
    if (said_so) return where_ + " closed the connection: " + why;
    if (greeted_) return where_ + ": the connection was lost: " + why;
    return where_ + ": no kvferry greeting from this peer: " + why;
  }

  const std::string where_;  // as the caller named it: a socket that was reset no longer knows its peer
  const FetchOptions& options_;
  ChunkSink& sink_;
  FetchReport& report_;
  Time begun_;
  Time manifest_at_{};
  TransferId id_ = 0;
  bool greeted_ = false;
  std::uint64_t payload_bytes_ = 0;
  bool settled_ = false;
  bool stopped_ = false;
  std::optional<Result<void>> verdict_;  // on what was here when it was used
};

FetchReport unreachable(const Error& error, Time begun) {
  FetchReport report;
  report.status = FetchStatus::kUnreachable;
  report.message = error.message;
  report.connect = steady_now() - begun;
  return report;
}

// Runs the connection to its end.
void run_errand(asio::io_context& io, ConnectionDriver& connection, FetchHandler& handler,
                const FetchOptions& options, const std::function<void()>& run, FetchReport& report) {
  std::optional<StopSignals> signals;
  if (options.obey_signals) {
    const auto interrupt = [&](Connection&, Time) { handler.interrupt(connection); };
    signals.emplace(io, [&connection, interrupt] { connection.post(interrupt); });
  }
  handler.begin(connection);
  asio::steady_timer freeze(io);
  if (options.freeze_after) {
    freeze.expires_after(*options.freeze_after);
    freeze.async_wait([&](const SocketError& error) {
      if (!error) connection.post([&](Connection&, Time) { handler.freeze(connection); });
    });
  }
  run();
  report.ledger = connection.connection().ledger();
  report.path = connection.connection().path();
  report.token = connection.connection().token();
}

FetchReport fetch_by_tcp(const HostPort& where, const FetchOptions& options, ChunkSink& sink) {
  asio::io_context io;
  const Time begun = steady_now();
  auto socket = tcp_connect(io, where, options.connect_timeout);
  if (!socket) return unreachable(socket.error(), begun);
  FetchReport report;
  report.connect = steady_now() - begun;
  ConnectionConfig config = options.connection;
  config.role = Role::kClient;
  config.binding = Binding::kStream;
  FetchHandler handler(where.text(), options, sink, report);
  TcpConnection connection(io, std::move(*socket), config, handler, options.tcp);
  run_errand(
      io, connection, handler, options, [&] { connection.run(); }, report);
  return report;
}

FetchReport fetch_by_udp(const HostPort& where, const udp::endpoint& endpoint, const FetchOptions& options,
                         ChunkSink& sink) {
  asio::io_context io;
  const Time begun = steady_now();
  FetchReport report;
  FetchHandler handler(where.text(), options, sink, report);
  auto client = UdpClient::open(io, endpoint, options.connection, handler, options.udp);
  if (!client) return unreachable(client.error().in(where.text()), begun);
  run_errand(
      io, (*client)->connection(), handler, options, [&] { (*client)->run(); }, report);
  return report;
}

FetchReport fetch_by_quic(const HostPort& where, const udp::endpoint& endpoint, const FetchOptions& options,
                          ChunkSink& sink) {
  asio::io_context io;
  const Time begun = steady_now();
  FetchReport report;
  FetchHandler handler(where.text(), options, sink, report);
  auto client = QuicClient::open(io, endpoint, {options.connection, options.quic, {}, {}}, handler);
  if (!client) return unreachable(client.error().in(where.text()), begun);
  run_errand(
      io, (*client)->connection(), handler, options, [&] { (*client)->run(); }, report);
  report.path = (*client)->session().path();
  report.token = (*client)->session().token();
  return report;
}

// Tries the host's addresses one after the other.
FetchReport fetch_by_datagrams(const HostPort& where, const FetchOptions& options, ChunkSink& sink) {
  const Time begun = steady_now();
  auto addresses = resolve(where, options.connect_timeout);
  if (!addresses) return unreachable(addresses.error(), begun);
  FetchReport report = unreachable(Error{where.text() + ": no address"}, begun);
  for (const tcp::endpoint& address : *addresses) {
    const Duration connect = steady_now() - begun;
    const udp::endpoint endpoint(address.address(), address.port());
    report = options.transport == TransportKind::kQuic ? fetch_by_quic(where, endpoint, options, sink)
                                                       : fetch_by_udp(where, endpoint, options, sink);
    report.connect += connect;
    if (report.status != FetchStatus::kUnreachable) break;
  }
  return report;
}

}  // namespace

FetchReport fetch_card(const HostPort& where, const FetchOptions& options, ChunkSink& sink) {
  switch (options.transport) {
    case TransportKind::kTcp:
      return fetch_by_tcp(where, options, sink);
    case TransportKind::kUdp:
    case TransportKind::kQuic:
      break;
  }
  return fetch_by_datagrams(where, options, sink);
}

}  // namespace kvferry
