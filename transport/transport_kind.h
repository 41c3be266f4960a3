// SPDX-License-Identifier: MIT
//
// Which transport a program is told to use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace kvferry {

enum class TransportKind : std::uint8_t { kTcp, kUdp, kQuic };

[[nodiscard]] inline Result<TransportKind> parse_transport(std::string_view text) {
  if (text == "tcp") return TransportKind::kTcp;
  if (text == "udp") return TransportKind::kUdp;
  return Error{"'" + std::string(text) + "': no transport, expected tcp or udp"};
}

}  // namespace kvferry
