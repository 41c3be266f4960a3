// SPDX-License-Identifier: MIT
#include "transport/quic/credentials.h"

#include <gnutls/x509.h>

#include <array>

namespace kvferry {
namespace {

constexpr unsigned kMaxChainBits = 8200;
constexpr unsigned kMaxChainDepth = 4;

gnutls_datum_t datum(const std::string& text) {
  // Only read, though the type does not say so.
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
          static_cast<unsigned>(text.size())};
}

// The library does not look for every kind of key.
bool key_is_the_certificates(gnutls_certificate_credentials_t loaded) {
  gnutls_x509_privkey_t key = nullptr;
  gnutls_x509_crt_t* chain = nullptr;
  unsigned count = 0;
  if (gnutls_certificate_get_x509_key(loaded, 0, &key) != 0) return false;
  bool same = false;
  if (gnutls_certificate_get_x509_crt(loaded, 0, &chain, &count) == 0) {
    std::array<unsigned char, 64> of_key{}, of_certificate{};
    std::size_t key_size = of_key.size(), certificate_size = of_certificate.size();
    same = gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, of_key.data(), &key_size) == 0 &&
           gnutls_x509_crt_get_key_id(chain[0], GNUTLS_KEYID_USE_SHA256, of_certificate.data(),
                                      &certificate_size) == 0 &&
           of_key == of_certificate;
    for (unsigned i = 0; i < count; ++i) gnutls_x509_crt_deinit(chain[i]);
    gnutls_free(chain);
  }
  gnutls_x509_privkey_deinit(key);
  return same;
}

Error failed(const char* what, int code) { return Error{std::string(what) + ": " + gnutls_strerror(code)}; }

}  // namespace

Result<std::shared_ptr<const QuicCredentials>> QuicCredentials::load(const Identity& identity,
                                                                     PeerTrust trust) {
  if (identity.pem.empty()) return Error{"QUIC: no identity to show, expected a key and its certificate"};
  if (trust.empty()) return Error{"QUIC: nobody to believe, expected peers' keys or an authority"};
  gnutls_certificate_credentials_t loaded = nullptr;
  if (const int code = gnutls_certificate_allocate_credentials(&loaded)) return failed("TLS", code);
  const std::string authorities = trust.authorities_pem;
  auto credentials = std::make_shared<QuicCredentials>(loaded, std::move(trust));
  const gnutls_datum_t pem = datum(identity.pem);
  if (const int code =
          gnutls_certificate_set_x509_key_mem2(loaded, &pem, &pem, GNUTLS_X509_FMT_PEM, nullptr, 0);
      code < 0)
    return failed("identity", code);
  if (!key_is_the_certificates(loaded)) return Error{"identity: the key is not the certificate's"};
  if (!authorities.empty()) {
    const gnutls_datum_t list = datum(authorities);
    const int count = gnutls_certificate_set_x509_trust_mem(loaded, &list, GNUTLS_X509_FMT_PEM);
    if (count < 0) return failed("authorities", count);
    if (count == 0) return Error{"authorities: no certificate in them"};
  }
  gnutls_certificate_set_verify_limits(loaded, kMaxChainBits, kMaxChainDepth);
  return std::shared_ptr<const QuicCredentials>(std::move(credentials));
}

}  // namespace kvferry
