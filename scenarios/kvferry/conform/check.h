// SPDX-License-Identifier: MIT
//
// The checks, as data: one for each thing that a requirement of SPEC.md makes
// visible from outside, to a client of a server that gives one card.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/kvferry/conform/trial.h"

namespace kvferry::conform {

enum class On : std::uint8_t { kBoth, kStream, kDatagram };
enum class Pace : std::uint8_t { kQuick, kSlow };  // slow: longer than ten seconds, only when asked for

struct Check {
  const char* id;    // of the requirement
  std::string what;  // the behaviour, as it should be
  On on = On::kBoth;
  std::function<void(Trial&)> run;  // throws CheckFailed or CheckSkipped
  Pace pace = Pace::kQuick;
};

// A requirement that no client can check against a server.
struct Unchecked {
  const char* id;
  const char* why;
};

// By section of SPEC.md, in its order.
[[nodiscard]] std::vector<Check> primitives_checks();  // 3, 7
[[nodiscard]] std::vector<Check> frames_checks();      // 4, 5
[[nodiscard]] std::vector<Check> packets_checks();     // 6.1
[[nodiscard]] std::vector<Check> recovery_checks();    // 6.2, 6.3
[[nodiscard]] std::vector<Check> addresses_checks();   // 6.5
[[nodiscard]] std::vector<Check> moves_checks();       // 6.5
[[nodiscard]] std::vector<Check> sizes_checks();       // 6.6
[[nodiscard]] std::vector<Check> repair_checks();      // 6.7
[[nodiscard]] std::vector<Check> connection_checks();  // 10
[[nodiscard]] std::vector<Check> transfers_checks();   // 8, 11
[[nodiscard]] std::vector<Check> states_checks();      // 11, its table
[[nodiscard]] std::vector<Check> offers_checks();      // 11
[[nodiscard]] std::vector<Check> beginning_checks();   // 11.1
[[nodiscard]] std::vector<Check> chunks_checks();      // 11.2, 11.4
[[nodiscard]] std::vector<Check> wishes_checks();      // 11.2
[[nodiscard]] std::vector<Check> bounds_checks();      // 11.2
[[nodiscard]] std::vector<Check> ending_checks();      // 11.3
[[nodiscard]] std::vector<Check> tolerance_checks();   // 12, 13, 15

[[nodiscard]] std::vector<Check> all_checks();
[[nodiscard]] const std::vector<Unchecked>& unchecked();

// The section that states a requirement: "11.2" for "TRF-9".
[[nodiscard]] std::string section_of(std::string_view id);
// A section and those below it, a prefix, or a requirement: "11", "TRF", "TRF-9".
[[nodiscard]] bool selects(std::string_view selector, std::string_view id);

}  // namespace kvferry::conform
