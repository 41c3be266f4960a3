// SPDX-License-Identifier: MIT
//
// What all TLS connections of a program share: who it is, and whom it believes. TLS 1.3 alone (RFC 8446),
// both sides show a certificate, no session tickets, no early data, ALPN "kvferry/1".
#pragma once

#include <memory>

#include "protocol/connection/config.h"
#include "transport/identity.h"

using SSL_CTX = struct ssl_ctx_st;

namespace kvferry {

class TlsContext {
 public:
  // The error says what is wrong with the identity or the authorities. A side that believes nobody is an
  // error.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> make(Role role, const Identity& identity,
                                                                      PeerTrust trust);

  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] const PeerTrust& trust() const { return trust_; }
  [[nodiscard]] SSL_CTX* get() const { return context_.get(); }

 private:
  TlsContext(Role role, PeerTrust trust);
  [[nodiscard]] Result<void> show(const Identity& identity);
  [[nodiscard]] Result<void> load_authorities();

  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  Role role_;
  PeerTrust trust_;
  std::unique_ptr<SSL_CTX, Free> context_;
};

}  // namespace kvferry
