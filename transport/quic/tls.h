// SPDX-License-Identifier: MIT
//
// The TLS session under a QUIC connection: TLS 1.3 only, one application
// protocol, both sides with certificates, no tickets and no early data.
#pragma once

#include <gnutls/gnutls.h>

#include <memory>
#include <string>

#include "protocol/base/result.h"
#include "protocol/connection/config.h"
#include "transport/quic/credentials.h"
#include "transport/quic/ngtcp2_shim.h"

namespace kvferry::quic {

inline constexpr char kApplicationProtocol[] = "kvferry/1";

struct FreeTls {
  void operator()(gnutls_session_int* session) const { gnutls_deinit(session); }
};
using TlsSession = std::unique_ptr<gnutls_session_int, FreeTls>;

// `verify` judges the peer; `connection` is what the library finds its connection by. The credentials must
// outlive the session.
[[nodiscard]] Result<TlsSession> make_tls(Role role, const QuicCredentials& credentials,
                                          const std::string& application_protocol,
                                          gnutls_certificate_verify_function* verify,
                                          ngtcp2_crypto_conn_ref* connection);

// Both have agreed on the application protocol.
[[nodiscard]] bool speaks(gnutls_session_t session, const std::string& application_protocol);

}  // namespace kvferry::quic
