// SPDX-License-Identifier: MIT
//
// Whether a peer's certificate is believed.
#pragma once

#include <openssl/x509_vfy.h>

namespace kvferry {

// OpenSSL's SSL_CTX_set_cert_verify_callback; trust is a PeerTrust. A key that is known is believed whatever
// else the certificate says; the handshake proves that the peer has it.
int check_peer(X509_STORE_CTX* store, void* trust);

}  // namespace kvferry
