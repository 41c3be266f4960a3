// SPDX-License-Identifier: MIT
//
// Runs checks, one after the other, and says what came out.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/kvferry/conform/check.h"

namespace kvferry::conform {

enum class Outcome : std::uint8_t { kOk, kFailed, kSkipped };
[[nodiscard]] const char* to_string(Outcome outcome);

struct Finding {
  std::string id;
  std::string what;
  Outcome outcome = Outcome::kOk;
  std::string detail;  // why it failed, or was skipped
  std::int64_t took_ms = 0;
};

struct Findings {
  std::vector<Finding> all;
  std::optional<std::string> gave_up;  // the last reason: nobody greets any more
  [[nodiscard]] std::size_t count(Outcome outcome) const;
};

// `tell` hears of each finding as soon as there is one. Gives up when the peer greets no more, three times in
// a row.
[[nodiscard]] Findings run_checks(Trial& trial, const std::vector<Check>& checks,
                                  const std::function<void(const Finding&)>& tell);

}  // namespace kvferry::conform
