// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/conform/run_checks.h"

#include <algorithm>

#include "scenarios/kvferry/conform/verdict.h"
#include "transport/clock.h"

namespace kvferry::conform {
namespace {

constexpr int kMostFailedGreetings = 3;

}  // namespace

const char* to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kFailed:
      return "FAILED";
    case Outcome::kSkipped:
      return "skipped";
  }
  return "unknown";
}

std::size_t Findings::count(Outcome outcome) const {
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](const Finding& f) { return f.outcome == outcome; }));
}

Findings run_checks(Trial& trial, const std::vector<Check>& checks,
                    const std::function<void(const Finding&)>& tell) {
  Findings findings;
  int failed_greetings = 0;
  for (const Check& check : checks) {
    Finding finding{check.id, check.what, Outcome::kOk, {}, 0};
    const Time begun = steady_now();
    bool greeted = true;
    try {
      check.run(trial);
    } catch (const CheckSkipped& why) {
      finding.outcome = Outcome::kSkipped;
      finding.detail = why.what();
    } catch (const CheckFailed& fault) {
      finding.outcome = Outcome::kFailed;
      finding.detail = fault.what();
      greeted = dynamic_cast<const GreetingFailed*>(&fault) == nullptr;
    }
    finding.took_ms = to_us(steady_now() - begun) / 1000;
    tell(finding);
    findings.all.push_back(std::move(finding));
    failed_greetings = greeted ? 0 : failed_greetings + 1;
    if (failed_greetings < kMostFailedGreetings) continue;
    findings.gave_up = findings.all.back().detail;
    break;
  }
  return findings;
}

}  // namespace kvferry::conform
