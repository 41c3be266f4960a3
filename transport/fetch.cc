// SPDX-License-Identifier: MIT
#include "transport/fetch.h"

#include "transport/stop_signals.h"
#include "transport/tcp_connect.h"

namespace kvferry {
namespace {

class FetchHandler final : public ConnectionHandler {
 public:
  FetchHandler(std::string where, const FetchOptions& options, ChunkSink& sink, FetchReport& report)
      : where_(std::move(where)), options_(options), sink_(sink), report_(report), begun_(steady_now()) {}

  void on_event(ConnectionDriver& connection, const Event& event) override {
    std::visit([&](const auto& each) { on(connection, each); }, event);
  }

  void interrupt(ConnectionDriver& connection) {
    settle_on(FetchStatus::kInterrupted, "interrupted");
    if (id_) connection.command([&](Connection& c, Time now) { c.cancel(now, *id_, "interrupted"); });
    part(connection);
  }

 private:
  void on(ConnectionDriver& connection, const event::Connected&) {
    id_ =
        connection.command([&](Connection& c, Time now) { return c.request(now, options_.request, sink_); });
  }
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
    report_.chunk_data = steady_now() - manifest_at_;
    const Result<void> applied = options_.apply ? options_.apply() : Result<void>();
    if (applied) {
      settle_on(FetchStatus::kApplied, "");
      connection.command([&](Connection& c, Time now) { c.confirm(now, event.id); });
    } else {
      settle_on(FetchStatus::kFailed, applied.error().message);
      connection.command([&](Connection& c, Time now) { c.reject(now, event.id, applied.error().message); });
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
    part(connection);
  }
  void on(ConnectionDriver& connection, const event::Closed& event) {
    report_.code = event.code;
    settle_on(id_ ? FetchStatus::kLost : FetchStatus::kNotKvferry, explain(connection, event));
  }
  // The server's side of the protocol; this client has no part in it.
  void on(ConnectionDriver& connection, const event::Requested& event) { decline(connection, event.id); }
  void on(ConnectionDriver& connection, const event::Offered& event) { decline(connection, event.id); }
  void on(ConnectionDriver&, const event::Stopped&) {}
  void on(ConnectionDriver&, const event::Confirmed&) {}

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
    if (id_) return where_ + ": the connection was lost: " + why;
    return where_ + ": no kvferry greeting from this peer: " + why;
  }

  const std::string where_;  // as the caller named it: a socket that was reset no longer knows its peer
  const FetchOptions& options_;
  ChunkSink& sink_;
  FetchReport& report_;
  Time begun_;
  Time manifest_at_{};
  std::optional<TransferId> id_;
  std::uint64_t payload_bytes_ = 0;
  bool settled_ = false;
};

}  // namespace

FetchReport fetch_card(const HostPort& where, const FetchOptions& options, ChunkSink& sink) {
  FetchReport report;
  asio::io_context io;
  const Time begun = steady_now();
  auto socket = tcp_connect(io, where, options.connect_timeout);
  report.connect = steady_now() - begun;
  if (!socket) {
    report.status = FetchStatus::kUnreachable;
    report.message = socket.error().message;
    return report;
  }
  ConnectionConfig config = options.connection;
  config.role = Role::kClient;
  config.binding = Binding::kStream;

  FetchHandler handler(where.text(), options, sink, report);
  TcpConnection connection(io, std::move(*socket), config, handler, options.tcp);
  std::optional<StopSignals> signals;
  if (options.obey_signals) {
    const auto interrupt = [&](Connection&, Time) { handler.interrupt(connection); };
    signals.emplace(io, [&connection, interrupt] { connection.post(interrupt); });
  }
  connection.run();
  report.ledger = connection.connection().ledger();
  report.path = connection.connection().path();
  return report;
}

}  // namespace kvferry
