// SPDX-License-Identifier: MIT
//
// A client's errand on one thread: connect, do one thing, part. Whatever goes wrong ends as a status and one
// line.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "transport/host_port.h"
#include "transport/quic/credentials.h"
#include "transport/tcp_connection.h"
#include "transport/transport_kind.h"
#include "transport/udp_connection.h"

namespace kvferry {

enum class ClientStatus : std::uint8_t {
  kApplied,      // every chunk verified, and the receiver has applied the card
  kUnreachable,  // nobody listens there, or there is no way to them
  kNotKvferry,   // the connection ended before a greeting
  kInsecure,     // TLS or QUIC ended it: one side does not believe the other, or speaks something else
  kRefused,      // the peer would not begin
  kFailed,       // the transfer was rejected, by either side, or withdrawn by the peer
  kStalled,      // no progress for the connection's progress timeout
  kLost,         // the connection ended early
  kInterrupted,  // SIGINT, SIGTERM or ClientOptions::stop
  kTooLate,      // nothing of the card had come when it was to be frozen, or it was given up at give_up_at
};

struct ClientOptions {
  ConnectionConfig connection;  // role and binding are set
  TransportKind transport = TransportKind::kTcp;
  TcpOptions tcp;  // with a TlsContext for kTls
  UdpOptions udp;
  std::shared_ptr<Capture> capture;                    // whatever the transport; may be empty
  std::shared_ptr<const QuicCredentials> quic;         // who this side is, and whom it believes
  Duration connect_timeout = std::chrono::seconds(5);  // TCP; and for the name, if it is one
  bool obey_signals = false;                           // SIGINT and SIGTERM end the errand cleanly
  std::stop_token stop = {};                           // so does this, from any thread, once it is connected
  std::optional<Time> give_up_at;                      // steady_now(): ends an errand that is not done
};

struct ClientReport {
  ClientStatus status = ClientStatus::kLost;
  std::string message;                // one line that names the peer; empty when applied
  ErrorCode code = ErrorCode::kNone;  // of a connection that ended
  Ledger ledger;
  PathStats path;
  Bytes token;         // UDP and QUIC: for the connection's configuration next time; may be empty
  Duration connect{};  // until TCP is connected; UDP and QUIC: until the address is known
};

// What every errand does alike; what it is for comes on top.
class ClientErrand : public ConnectionHandler {
 public:
  // Right behind our own greeting. Again for the next address of a host, when one cannot be reached.
  virtual void begin(ConnectionDriver& connection, asio::io_context& io) = 0;
  // The io_context goes away.
  virtual void end() {}

  void interrupt(ConnectionDriver& connection);
  void give_up(ConnectionDriver& connection);  // its time is over
  [[nodiscard]] ClientReport& report() { return report_; }

 protected:
  static constexpr Duration kPatience = std::chrono::seconds(1);  // with a peer that may have gone

  explicit ClientErrand(const HostPort& where) : where_(where.text()) {}

  void start_over();
  // The first verdict stays.
  void settle_on(ClientStatus status, const std::string& message);
  [[nodiscard]] bool is_settled() const { return settled_; }
  // As the caller named it: a socket that was reset no longer knows its peer.
  [[nodiscard]] const std::string& where() const { return where_; }

  static void part(ConnectionDriver& connection);
  // Settles, takes the transfer back with `reason`, and leaves a peer that may not hear it.
  void leave(ConnectionDriver& connection, ClientStatus status, const std::string& message,
             const std::string& reason);

  // The fate of the one transfer, whichever side is the source.
  void on(ConnectionDriver&, const event::Connected&) { greeted_ = true; }
  void on(ConnectionDriver& connection, const event::Refused& event);
  void on(ConnectionDriver& connection, const event::Rejected& event);
  void on(ConnectionDriver& connection, const event::Cancelled& event);
  void on(ConnectionDriver& connection, const event::Stalled& event);
  void on(ConnectionDriver& connection, const event::Closed& event);

  TransferId id_ = 0;

 private:
  [[nodiscard]] std::string explain(const ConnectionDriver& connection, const event::Closed& event) const;

  const std::string where_;
  ClientReport report_;
  bool greeted_ = false;
  bool settled_ = false;
};

// Runs an errand to its end; its report says how it went. Tries the host's addresses one after the other.
void run_client(const HostPort& where, const ClientOptions& options, ClientErrand& errand);

}  // namespace kvferry
