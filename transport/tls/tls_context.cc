// SPDX-License-Identifier: MIT
#include "transport/tls/tls_context.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "transport/tls/openssl.h"
#include "transport/tls/peer_check.h"

namespace kvferry {
namespace {

constexpr const char* kCiphers = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr unsigned char kAlpn[] = "\x09kvferry/1";
constexpr unsigned kAlpnBytes = sizeof(kAlpn) - 1;

// A server's: a client that does not speak kvferry/1 is not answered.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_bytes, const unsigned char* offered,
                    unsigned offered_bytes, void*) {
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_bytes, kAlpn, kAlpnBytes, offered, offered_bytes);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

void TlsContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

TlsContext::TlsContext(Role role, PeerTrust trust)
    : role_(role), trust_(std::move(trust)), context_(SSL_CTX_new(TLS_method())) {
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context, kCiphers);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, check_peer, &trust_);
  if (role == Role::kServer) {
    SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  } else {
    SSL_CTX_set_alpn_protos(context, kAlpn, kAlpnBytes);
  }
}

Result<std::shared_ptr<const TlsContext>> TlsContext::make(Role role, const Identity& identity,
                                                           PeerTrust trust) {
  if (trust.empty()) return Error{"no peer is believed: expected a peer's key or an authority"};
  const std::shared_ptr<TlsContext> made(new TlsContext(role, std::move(trust)));
  if (auto shown = made->show(identity); !shown) return shown.error();
  if (auto loaded = made->load_authorities(); !loaded) return loaded.error();
  return std::shared_ptr<const TlsContext>(made);
}

// The first certificate is our own; those after it lead to an authority.
Result<void> TlsContext::show(const Identity& identity) {
  const auto certificates = openssl::bio_of(identity.pem);
  const openssl::Certificate own(PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr));
  if (!own) return Error{"no certificate in the identity: " + openssl::take_error("empty")};
  if (SSL_CTX_use_certificate(context_.get(), own.get()) != 1)
    return Error{"the identity's certificate: " + openssl::take_error("refused")};
  while (X509* above = PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr))
    SSL_CTX_add0_chain_cert(context_.get(), above);
  ERR_clear_error();
  const auto keys = openssl::bio_of(identity.pem);
  const openssl::Key key(PEM_read_bio_PrivateKey(keys.get(), nullptr, nullptr, nullptr));
  if (!key) return Error{"no private key in the identity: " + openssl::take_error("empty")};
  if (SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1)
    return Error{"the identity's key: " + openssl::take_error("refused")};
  return {};
}

Result<void> TlsContext::load_authorities() {
  if (trust_.authorities_pem.empty()) return {};
  const auto pem = openssl::bio_of(trust_.authorities_pem);
  int count = 0;
  while (auto authority = openssl::Certificate(PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr))) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), authority.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return Error{"no certificate among the authorities"};
  return {};
}

}  // namespace kvferry
