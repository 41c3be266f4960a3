// SPDX-License-Identifier: MIT
//
// One TLS connection without sockets: bytes of the network in and out on one side, plain bytes on the other.
//
// Plain bytes flow once both sides are authenticated. A server knows that when the handshake is done; a
// client when the first plain bytes come from its server, which has then judged it. So the server must speak
// first.
#pragma once

#include <span>
#include <string>

#include "transport/tls/tls_context.h"

using SSL = struct ssl_st;

namespace kvferry {

class TlsSession {
 public:
  explicit TlsSession(std::shared_ptr<const TlsContext> context);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // From the network: read() until it returns 0 before the next. The first call, with nothing, begins a
  // client's handshake.
  void handle_bytes(ByteView bytes);
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> plain);

  // Only while it is open.
  void write(ByteView plain);
  // Says that nothing more is written.
  void close();
  // For the network, since it was taken last.
  [[nodiscard]] Bytes take_output();

  [[nodiscard]] bool is_open() const;
  // One line; empty while nothing has gone wrong. What is in the output still tells the peer.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  struct Network {  // what OpenSSL reads from and writes to
    ByteView input;
    Bytes output;
  };
  struct Free {
    void operator()(SSL* session) const;
  };
  struct Io;  // the BIO's functions

  void handshake();
  [[nodiscard]] std::string objection() const;
  void fail(int result);

  std::shared_ptr<const TlsContext> context_;
  Network network_;
  std::unique_ptr<SSL, Free> session_;
  bool heard_ = false;  // plain bytes of the peer
  bool asked_ = false;  // client: for our certificate
  std::string failure_;
};

}  // namespace kvferry
