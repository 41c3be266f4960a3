// SPDX-License-Identifier: MIT
#include "transport/client.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <functional>

#include "transport/quic_client.h"
#include "transport/stop_signals.h"
#include "transport/tcp_connect.h"
#include "transport/udp_client.h"

namespace kvferry {
namespace {

// Over UDP this shows when something has been sent.
bool is_unreachable(const SocketError& error) {
  return error == asio::error::connection_refused || error == asio::error::host_unreachable ||
         error == asio::error::network_unreachable;
}

bool is_over(const ClientOptions& options) {
  return options.give_up_at && *options.give_up_at <= steady_now();
}

void note_unreachable(const Error& error, const ClientOptions& options, ClientReport& report) {
  report.status = is_over(options) ? ClientStatus::kTooLate : ClientStatus::kUnreachable;
  report.message = error.message;
}

Duration time_to_connect(const ClientOptions& options) {
  if (!options.give_up_at) return options.connect_timeout;
  return std::clamp(*options.give_up_at - steady_now(), Duration{}, options.connect_timeout);
}

// Runs the connection to its end.
void run_errand(asio::io_context& io, ConnectionDriver& connection, const ClientOptions& options,
                ClientErrand& errand, Duration connect, const std::function<void()>& run) {
  const auto stop = [&] { connection.post([&](Connection&, Time) { errand.interrupt(connection); }); };
  std::optional<StopSignals> signals;
  if (options.obey_signals) signals.emplace(io, stop);
  const std::stop_callback stopping(options.stop, stop);
  std::optional<asio::steady_timer> deadline;
  if (options.give_up_at) {
    deadline.emplace(io, to_steady(*options.give_up_at));
    deadline->async_wait([&](const SocketError& error) {
      if (!error) connection.post([&](Connection&, Time) { errand.give_up(connection); });
    });
  }
  errand.begin(connection, io);
  errand.report().connect = connect;
  run();
  errand.end();
  ClientReport& report = errand.report();
  report.ledger = connection.connection().ledger();
  report.path = connection.connection().path();
  report.token = connection.connection().token();
}

void run_by_tcp(const HostPort& where, const ClientOptions& options, ClientErrand& errand) {
  asio::io_context io;
  const Time begun = steady_now();
  auto socket = tcp_connect(io, where, time_to_connect(options));
  if (!socket) return note_unreachable(socket.error(), options, errand.report());
  const Duration connect = steady_now() - begun;
  ConnectionConfig config = options.connection;
  config.role = Role::kClient;
  config.binding = Binding::kStream;
  TcpOptions tcp = options.tcp;
  tcp.capture = options.capture;
  TcpConnection connection(io, std::move(*socket), config, errand, tcp);
  run_errand(io, connection, options, errand, connect, [&] { connection.run(); });
}

void run_by_udp(const HostPort& where, const udp::endpoint& endpoint, const ClientOptions& options,
                ClientErrand& errand, Duration connect) {
  asio::io_context io;
  auto client = UdpClient::open(io, endpoint, options.connection, errand, options.udp);
  if (!client) return note_unreachable(client.error().in(where.text()), options, errand.report());
  (*client)->capture_into(options.capture);
  run_errand(io, (*client)->connection(), options, errand, connect, [&] { (*client)->run(); });
}

void run_by_quic(const HostPort& where, const udp::endpoint& endpoint, const ClientOptions& options,
                 ClientErrand& errand, Duration connect) {
  asio::io_context io;
  auto client = QuicClient::open(io, endpoint, {options.connection, options.quic, {}, {}}, errand);
  if (!client) return note_unreachable(client.error().in(where.text()), options, errand.report());
  (*client)->capture_into(options.capture);
  run_errand(io, (*client)->connection(), options, errand, connect, [&] { (*client)->run(); });
  errand.report().path = (*client)->session().path();
  errand.report().token = (*client)->session().token();
}

void run_by_datagrams(const HostPort& where, const ClientOptions& options, ClientErrand& errand) {
  const Time begun = steady_now();
  auto addresses = resolve(where, time_to_connect(options));
  if (!addresses) return note_unreachable(addresses.error(), options, errand.report());
  note_unreachable(Error{where.text() + ": no address"}, options, errand.report());
  for (const tcp::endpoint& address : *addresses) {
    const udp::endpoint endpoint(address.address(), address.port());
    const auto run = options.transport == TransportKind::kQuic ? run_by_quic : run_by_udp;
    run(where, endpoint, options, errand, steady_now() - begun);
    if (errand.report().status != ClientStatus::kUnreachable) break;
  }
}

}  // namespace

void ClientErrand::start_over() {
  report_ = {};
  greeted_ = settled_ = false;
}

void ClientErrand::settle_on(ClientStatus status, const std::string& message) {
  if (settled_) return;
  settled_ = true;
  report_.status = status;
  report_.message = message;
}

void ClientErrand::interrupt(ConnectionDriver& connection) {
  leave(connection, ClientStatus::kInterrupted, "interrupted", "interrupted");
}

void ClientErrand::give_up(ConnectionDriver& connection) {
  if (!settled_) leave(connection, ClientStatus::kTooLate, where_ + ": the deadline has passed", "too late");
}

void ClientErrand::leave(ConnectionDriver& connection, ClientStatus status, const std::string& message,
                         const std::string& reason) {
  settle_on(status, message);
  if (!greeted_) return connection.drop();  // nobody there to take leave of
  connection.command([&](Connection& c, Time now) { c.cancel(now, id_, reason); });
  connection.leave_within(kPatience);
}

void ClientErrand::part(ConnectionDriver& connection) {
  connection.command([](Connection& c, Time now) { c.close(now); });
}

void ClientErrand::on(ConnectionDriver& connection, const event::Refused& event) {
  settle_on(ClientStatus::kRefused, where_ + " refused: " + event.reason);
  part(connection);
}

void ClientErrand::on(ConnectionDriver& connection, const event::Rejected& event) {
  settle_on(ClientStatus::kFailed,
            event.by_peer ? where_ + " gave the transfer up: " + event.reason : event.reason);
  part(connection);
}

void ClientErrand::on(ConnectionDriver& connection, const event::Cancelled& event) {
  settle_on(ClientStatus::kFailed, where_ + " withdrew the card: " + event.reason);
  part(connection);
}

void ClientErrand::on(ConnectionDriver& connection, const event::Stalled& event) {
  settle_on(ClientStatus::kStalled, where_ + ": " + event.reason);
  connection.command([&](Connection& c, Time now) { c.cancel(now, event.id, "stalled"); });
  connection.leave_within(kPatience);
}

void ClientErrand::on(ConnectionDriver& connection, const event::Closed& event) {
  report_.code = event.code;
  if (!greeted_ && is_unreachable(connection.socket_error()))
    return settle_on(ClientStatus::kUnreachable, where_ + ": " + connection.socket_error().message());
  if (!connection.security_failure().empty())
    return settle_on(ClientStatus::kInsecure, where_ + ": " + connection.security_failure());
  settle_on(greeted_ ? ClientStatus::kLost : ClientStatus::kNotKvferry, explain(connection, event));
}

std::string ClientErrand::explain(const ConnectionDriver& connection, const event::Closed& event) const {
  const std::string why = connection.socket_error() ? connection.socket_error().message() : event.reason;
  const bool said_so = event.by_peer && event.code != ErrorCode::kEndOfStream;
  if (said_so) return where_ + " closed the connection: " + why;
  if (greeted_) return where_ + ": the connection was lost: " + why;
  return where_ + ": no kvferry greeting from this peer: " + why;
}

void run_client(const HostPort& where, const ClientOptions& options, ClientErrand& errand) {
  switch (options.transport) {
    case TransportKind::kTcp:
    case TransportKind::kTls:
      return run_by_tcp(where, options, errand);
    case TransportKind::kUdp:
    case TransportKind::kQuic:
      return run_by_datagrams(where, options, errand);
  }
}

}  // namespace kvferry
