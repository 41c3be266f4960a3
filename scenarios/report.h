// SPDX-License-Identifier: MIT
//
// Numbers as programs show them: to people in words, to machines in JSON with
// the key names of the results schema.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "protocol/base/time.h"
#include "protocol/connection/ledger.h"

namespace kvferry {

[[nodiscard]] std::string bytes_text(std::uint64_t bytes);   // "948 bytes", "61.3 kB", "1.25 MB"
[[nodiscard]] std::string duration_text(Duration duration);  // "813 µs", "12.3 ms", "1.25 s"
[[nodiscard]] std::string number_text(double value);         // four significant digits, or a whole number
[[nodiscard]] std::string count_text(std::uint64_t count, const char* thing);  // "1 chunk", "2 chunks"

// Both directions together.
[[nodiscard]] ByteClasses on_the_wire(const Ledger& ledger);
// "61.3 kB: payload 60 kB, framing 213 bytes"
[[nodiscard]] std::string wire_text(const ByteClasses& wire);
[[nodiscard]] nlohmann::ordered_json wire_json(const ByteClasses& wire);

}  // namespace kvferry
