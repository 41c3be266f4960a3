// SPDX-License-Identifier: MIT
//
// Which transport a program is told to use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace kvferry {

enum class TransportKind : std::uint8_t { kTcp, kTls, kUdp, kQuic };

// Encrypted, and both sides authenticated.
[[nodiscard]] constexpr bool is_secure(TransportKind kind) {
  return kind == TransportKind::kTls || kind == TransportKind::kQuic;
}

[[nodiscard]] inline Result<TransportKind> parse_transport(std::string_view text) {
  if (text == "tcp") return TransportKind::kTcp;
  if (text == "tls") return TransportKind::kTls;
  if (text == "quic") return TransportKind::kQuic;
  if (text == "udp") return TransportKind::kUdp;
  return Error{"'" + std::string(text) + "': no transport, expected tls, quic, tcp or udp"};
}

}  // namespace kvferry
