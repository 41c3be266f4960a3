// SPDX-License-Identifier: MIT
#include "protocol/wire/error_code.h"

namespace kvferry {

std::string_view to_string(ErrorCode code) {
  static constexpr std::string_view kNames[] = {
      "none",    "malformed",       "checksum", "limit",     "unexpected",    "unknown critical frame",
      "version", "acknowledgement", "idle",     "handshake", "end of stream", "application",
      "internal"};
  auto index = static_cast<std::uint64_t>(code);
  return index < std::size(kNames) ? kNames[index] : "unknown";
}

}  // namespace kvferry
