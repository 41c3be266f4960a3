// SPDX-License-Identifier: MIT
#include "transport/tls/peer_check.h"

#include <openssl/ssl.h>

#include "transport/identity.h"

namespace kvferry {
namespace {

std::optional<PublicKey> key_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size_bytes = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size_bytes <= 0) return std::nullopt;
  const auto key = PublicKey::from_spki({der, static_cast<std::size_t>(size_bytes)});
  OPENSSL_free(der);
  return key;
}

// A client checks the name that it asked for, which may be an address.
bool require_name(X509_STORE_CTX* store, const std::string& name) {
  X509_VERIFY_PARAM* const wanted = X509_STORE_CTX_get0_param(store);
  return X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1 ||
         X509_VERIFY_PARAM_set1_host(wanted, name.data(), name.size()) == 1;
}

}  // namespace

int check_peer(X509_STORE_CTX* store, void* trust) {
  const auto& believed = *static_cast<const PeerTrust*>(trust);
  const auto key = key_of(X509_STORE_CTX_get0_cert(store));
  if (key && believed.pins(*key)) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }
  if (believed.authorities_pem.empty()) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
  }
  if (!believed.server_name.empty() && !require_name(store, believed.server_name)) return 0;
  return X509_verify_cert(store) == 1 ? 1 : 0;
}

}  // namespace kvferry
