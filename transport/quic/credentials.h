// SPDX-License-Identifier: MIT
//
// Who a QUIC end is and whom it believes, loaded once and shared by its
// sessions.
#pragma once

#include <gnutls/gnutls.h>

#include <memory>

#include "protocol/base/result.h"
#include "transport/identity.h"

namespace kvferry {

class QuicCredentials {
 public:
  // Both sides show a certificate and want the other's: an empty identity or trust is an error.
  [[nodiscard]] static Result<std::shared_ptr<const QuicCredentials>> load(const Identity& identity,
                                                                           PeerTrust trust);
  // With a key and a certificate that the caller has loaded, on a token perhaps. Takes the object over.
  QuicCredentials(gnutls_certificate_credentials_t loaded, PeerTrust trust)
      : loaded_(loaded), trust_(std::move(trust)) {}

  [[nodiscard]] gnutls_certificate_credentials_t get() const { return loaded_.get(); }
  [[nodiscard]] const PeerTrust& trust() const { return trust_; }

 private:
  struct Free {
    void operator()(gnutls_certificate_credentials_st* loaded) const {
      gnutls_certificate_free_credentials(loaded);
    }
  };
  std::unique_ptr<gnutls_certificate_credentials_st, Free> loaded_;
  PeerTrust trust_;
};

}  // namespace kvferry
