// SPDX-License-Identifier: MIT
#include "transport/quic/tls.h"

#include <cstring>

namespace kvferry::quic {
namespace {

constexpr char kPriority[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:%DISABLE_TLS13_COMPAT_MODE";

gnutls_datum_t datum(const std::string& name) {
  // Only read.
  auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(name.data()));
  return {bytes, static_cast<unsigned>(name.size())};
}

int configure(gnutls_session_t session, Role role, const QuicCredentials& credentials,
              const std::string& application_protocol) {
  if (const int code = gnutls_priority_set_direct(session, kPriority, nullptr)) return code;
  if (const int code = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials.get()))
    return code;
  const gnutls_datum_t protocol = datum(application_protocol);
  if (const int code = gnutls_alpn_set_protocols(session, &protocol, 1, GNUTLS_ALPN_MANDATORY)) return code;
  if (role == Role::kServer) {
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    gnutls_certificate_send_x509_rdn_sequence(session,
                                              1);  // 1: no list of authorities; clients show what they have
    return ngtcp2_crypto_gnutls_configure_server_session(session);
  }
  const std::string& name = credentials.trust().server_name;
  if (!name.empty()) {
    if (const int code = gnutls_server_name_set(session, GNUTLS_NAME_DNS, name.data(), name.size()))
      return code;
  }
  return ngtcp2_crypto_gnutls_configure_client_session(session);
}

}  // namespace

Result<TlsSession> make_tls(Role role, const QuicCredentials& credentials,
                            const std::string& application_protocol,
                            gnutls_certificate_verify_function* verify, ngtcp2_crypto_conn_ref* connection) {
  const unsigned end = role == Role::kClient ? GNUTLS_CLIENT : GNUTLS_SERVER;
  gnutls_session_t made = nullptr;
  if (const int code = gnutls_init(&made, end | GNUTLS_NO_TICKETS | GNUTLS_NO_AUTO_SEND_TICKET))
    return Error{std::string("TLS: ") + gnutls_strerror(code)};
  TlsSession session(made);
  if (const int code = configure(made, role, credentials, application_protocol))
    return Error{std::string("TLS: ") + gnutls_strerror(code)};
  gnutls_session_set_verify_function(made, verify);
  gnutls_session_set_ptr(made, connection);
  return session;
}

bool speaks(gnutls_session_t session, const std::string& application_protocol) {
  gnutls_datum_t chosen{};
  const gnutls_datum_t wanted = datum(application_protocol);
  return gnutls_alpn_get_selected_protocol(session, &chosen) == 0 && chosen.size == wanted.size &&
         std::memcmp(chosen.data, wanted.data, wanted.size) == 0;
}

}  // namespace kvferry::quic
