// SPDX-License-Identifier: MIT
//
// Why a connection ended, as sent in ERROR, GOODBYE and CLOSE.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvferry {

enum class ErrorCode : std::uint64_t {
  kNone = 0,             // a wish of the application
  kMalformed = 1,        // a frame or message does not parse
  kChecksum = 2,         // CRC32C of a stream frame differs
  kLimit = 3,            // more than the limits allow
  kUnexpected = 4,       // a frame that the state machine has no entry for
  kUnknownCritical = 5,  // an unknown frame type with the critical bit
  kVersion = 6,          // no common version
  kAcknowledgement = 7,  // acknowledged what was never sent
  kIdle = 8,             // nothing heard for the idle timeout
  kHandshake = 9,        // no HELLO in time
  kEndOfStream = 10,     // the stream below ended early
  kApplication = 11,     // the application failed; the reason says how
  kInternal = 12,        // a fault of this side
};

[[nodiscard]] std::string_view to_string(ErrorCode code);

}  // namespace kvferry
