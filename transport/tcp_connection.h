// SPDX-License-Identifier: MIT
//
// Drives one Connection (stream binding) over one TCP socket, on one thread, with TLS between them or
// without.
//
//          ┌──────── socket readable: [TLS] ► handle_bytes ────────┐
//   socket ┤                                                       ├ Connection ─► events ─► handler
//          └─ socket writable: gather write ◄ [TLS] ◄ poll_transmit┘
#pragma once

#include <array>

#include "transport/capture/captured_stream.h"
#include "transport/connection_driver.h"
#include "transport/host_port.h"
#include "transport/send_queue.h"
#include "transport/tls/tls_session.h"

namespace kvferry {

struct TcpOptions {
  std::size_t pending_bytes = 65536;  // the driver polls the connection only while it holds less than this
  int notsent_lowat_bytes = 131072;   // TCP_NOTSENT_LOWAT: unsent bytes in the kernel
  Duration linger = std::chrono::seconds(2);
  std::shared_ptr<const TlsContext> tls;  // none: plain
  std::shared_ptr<Capture> capture;       // of the bytes before and behind TLS; may be empty
};

class TcpConnection final : public ConnectionDriver {
 public:
  // The handler, and the sinks it gives to the connection, must outlive run().
  TcpConnection(asio::io_context& io, tcp::socket socket, const ConnectionConfig& config,
                ConnectionHandler& handler, const TcpOptions& options = {});

  // Runs the io_context on this thread until the connection is closed and its last bytes have left or the
  // linger time has passed. Afterwards nothing in the io_context refers to this object.
  void run();

 private:
  void transmit() override;
  void wind_down() override;
  void release() override;

  void read();
  void on_read(const SocketError& error, std::size_t size_bytes);
  void hand_in(ByteView bytes);
  void hand_to_core(ByteView plain);
  [[nodiscard]] std::optional<Outgoing> next_from_core();
  bool take_from_core();
  bool seal();
  bool end_tls();
  void fail_if_tls_did();
  void write();
  void on_written(const SocketError& error, std::size_t size_bytes);

  asio::io_context& io_;
  tcp::socket socket_;
  TcpOptions options_;
  std::unique_ptr<TlsSession> tls_;
  std::optional<CapturedStream> captured_;
  SendQueue pending_;
  std::array<std::uint8_t, 65536> input_;
  bool reading_ = false;
  bool writing_ = false;
  bool tls_ended_ = false;
  bool shut_ = false;        // our direction has ended, or failed
  bool peer_ended_ = false;  // nothing more can be read
};

}  // namespace kvferry
