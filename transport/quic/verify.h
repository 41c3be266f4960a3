// SPDX-License-Identifier: MIT
//
// Whether the peer of a TLS session is one that we believe. Called once its
// certificate is here and it has proved by a signature that the key is its own.
#pragma once

#include <gnutls/gnutls.h>

#include <optional>
#include <string>

#include "protocol/connection/config.h"
#include "transport/identity.h"

namespace kvferry::quic {

// Nothing if it is; otherwise why not, in a line.
[[nodiscard]] std::optional<std::string> objection_to_peer(gnutls_session_t session, const PeerTrust& trust,
                                                           Role own);

}  // namespace kvferry::quic
