// SPDX-License-Identifier: MIT
#include "transport/quic/verify.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include <memory>

namespace kvferry::quic {
namespace {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Certificate = std::unique_ptr<gnutls_x509_crt_int, Free<gnutls_x509_crt_deinit>>;
using Key = std::unique_ptr<gnutls_pubkey_st, Free<gnutls_pubkey_deinit>>;

// The Ed25519 key of a certificate; nothing if it has another kind.
std::optional<PublicKey> key_of(const gnutls_datum_t& der) {
  gnutls_x509_crt_t certificate = nullptr;
  if (gnutls_x509_crt_init(&certificate) != 0) return std::nullopt;
  const Certificate owned(certificate);
  gnutls_pubkey_t key = nullptr;
  if (gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER) != 0 || gnutls_pubkey_init(&key) != 0)
    return std::nullopt;
  const Key owned_key(key);
  gnutls_datum_t spki{};
  if (gnutls_pubkey_import_x509(key, certificate, 0) != 0 ||
      gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &spki) != 0)
    return std::nullopt;
  const auto found = PublicKey::from_spki({spki.data, spki.size});
  gnutls_free(spki.data);
  return found;
}

std::string one_line(unsigned status) {
  gnutls_datum_t text{};
  if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) != 0)
    return "not trusted";
  std::string line(reinterpret_cast<const char*>(text.data));
  gnutls_free(text.data);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\n')) line.pop_back();
  return line;
}

std::optional<std::string> objection_of_authorities(gnutls_session_t session, const PeerTrust& trust,
                                                    bool peer_is_server) {
  if (peer_is_server && trust.server_name.empty()) return "no server name to check its certificate against";
  const char* purpose = peer_is_server ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT;
  gnutls_typed_vdata_st wanted[2] = {};
  wanted[0].type = GNUTLS_DT_KEY_PURPOSE_OID;
  wanted[0].data = reinterpret_cast<unsigned char*>(const_cast<char*>(purpose));
  wanted[1].type = GNUTLS_DT_DNS_HOSTNAME;
  wanted[1].data = reinterpret_cast<unsigned char*>(const_cast<char*>(trust.server_name.c_str()));
  unsigned status = 0;
  const int code = gnutls_certificate_verify_peers(session, wanted, peer_is_server ? 2 : 1, &status);
  if (code != 0) return std::string(gnutls_strerror(code));
  if (status != 0) return one_line(status);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> objection_to_peer(gnutls_session_t session, const PeerTrust& trust, Role own) {
  unsigned count = 0;
  const gnutls_datum_t* chain = gnutls_certificate_get_peers(session, &count);
  if (!chain || count == 0) return "the peer shows no certificate";
  const auto key = key_of(chain[0]);
  if (key && trust.pins(*key)) return std::nullopt;
  if (trust.authorities_pem.empty()) {
    if (!key) return "the peer's key is no Ed25519 key";
    return "the peer's key " + key->text() + " is not among the trusted ones";
  }
  if (auto objection = objection_of_authorities(session, trust, own == Role::kClient))
    return "the peer's certificate: " + *objection;
  return std::nullopt;
}

}  // namespace kvferry::quic
