// SPDX-License-Identifier: MIT
//
// What serving programs tell their operator: a line an event on stderr, with the time, a level, a name and
// fields,
//
//   2026-01-31T12:00:00.123Z info confirmed peer=127.0.0.1:50312 transfer=1 chunks=40
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include "protocol/base/result.h"

namespace kvferry {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError, kOff };

[[nodiscard]] Result<LogLevel> parse_log_level(const std::string& text);

// Before the first log(), once. Without it nothing below a warning is told.
void set_log_level(LogLevel level);

// From any thread. Empty values are left out; those with spaces, quotes or control characters are quoted.
void log(LogLevel level, const char* event,
         std::initializer_list<std::pair<const char*, std::string>> fields = {});

}  // namespace kvferry
