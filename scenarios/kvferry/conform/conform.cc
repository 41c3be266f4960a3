// SPDX-License-Identifier: MIT
//
// kvferry conform: plays a client that does everything the specification
// speaks of, right and wrong, and says how the server takes it.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "scenarios/kvferry/commands.h"
#include "scenarios/kvferry/conform/run_checks.h"
#include "scenarios/kvferry/conform/verdict.h"
#include "scenarios/program.h"

namespace kvferry {
namespace {

using conform::Check;
using conform::Finding;
using conform::Findings;
using conform::On;
using conform::Outcome;
using conform::Trial;

bool selected(const ConformOptions& options, const char* id) {
  return options.sections.empty() ||
         std::any_of(options.sections.begin(), options.sections.end(),
                     [&](const std::string& s) { return conform::selects(s, id); });
}

// Everything that there is has an id that some check or some reason names.
void check_sections(const ConformOptions& options) {
  const auto checks = conform::all_checks();
  const auto& unchecked = conform::unchecked();
  for (const std::string& section : options.sections) {
    const auto named = [&](const auto& row) { return conform::selects(section, row.id); };
    if (std::any_of(checks.begin(), checks.end(), named)) continue;
    if (std::any_of(unchecked.begin(), unchecked.end(), named)) continue;
    throw UsageError("SECTION '" + section +
                     "': no requirement of that name, expected one like 11.2, TRF or TRF-9");
  }
}

std::vector<Check> wanted_checks(const ConformOptions& options, bool datagrams) {
  std::vector<Check> checks = conform::all_checks();
  std::erase_if(checks, [&](const Check& check) {
    const bool elsewhere = check.on == (datagrams ? On::kStream : On::kDatagram);
    return elsewhere || !selected(options, check.id) || (check.pace == conform::Pace::kSlow && !options.slow);
  });
  return checks;
}

conform::Settings settings_of(const ConformOptions& options) {
  conform::Settings settings;
  settings.peer = value_or_usage(HostPort::parse(options.peer));
  settings.datagrams = options.transport == "udp";
  settings.document = options.document;
  settings.patience = from_seconds(options.patience_s);
  return settings;
}

// One line when nobody is there, or nothing is served: then no check would say anything.
void look_before(Trial& trial) {
  try {
    auto peer = trial.greeted();
    RequestMessage request = trial.wanted();
    request.options.manifest_first = true;
    const auto& reception = peer->reception(peer->request(request));
    peer->wait_until([&] { return reception.refused || reception.manifest; });
    if (reception.refused) {
      throw Failure(trial.settings().peer.text() + " refused document '" + trial.settings().document +
                    "': " + reception.refused->reason + " (--document names another)");
    }
  } catch (const conform::Unreachable& fault) {
    throw Failure(fault.what());
  } catch (const conform::CheckFailed&) {
    // The checks say so better.
  }
}

void print_line(const Finding& finding) {
  const std::string detail = finding.detail.empty() ? "" : ": " + finding.detail;
  std::printf("%s %s %s%s\n", to_string(finding.outcome), finding.id.c_str(), finding.what.c_str(),
              detail.c_str());
  std::fflush(stdout);
}

// What no client can see, for those who ask.
void add_unchecked(const ConformOptions& options, Findings& findings,
                   const std::function<void(const Finding&)>& tell) {
  if (!options.verbose) return;
  for (const auto& row : conform::unchecked()) {
    if (!selected(options, row.id)) continue;
    findings.all.push_back({row.id, "cannot be checked against a server", Outcome::kSkipped, row.why, 0});
    tell(findings.all.back());
  }
}

void print_json(const ConformOptions& options, const Findings& findings) {
  nlohmann::ordered_json json = {{"address", options.peer},
                                 {"transport", options.transport},
                                 {"passed", findings.count(Outcome::kOk)},
                                 {"failed", findings.count(Outcome::kFailed)},
                                 {"skipped", findings.count(Outcome::kSkipped)}};
  json["results"] = nlohmann::ordered_json::array();
  for (const Finding& finding : findings.all) {
    json["results"].push_back({{"id", finding.id},
                               {"what", finding.what},
                               {"outcome", to_string(finding.outcome)},
                               {"detail", finding.detail},
                               {"ms", finding.took_ms}});
  }
  // The peer's words may be no UTF-8.
  std::printf("%s\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

void print_summary(const Findings& findings) {
  std::printf("%zu passed, %zu failed, %zu skipped\n", findings.count(Outcome::kOk),
              findings.count(Outcome::kFailed), findings.count(Outcome::kSkipped));
}

}  // namespace

int run_conform(const ConformOptions& options) {
  if (!options.insecure) throw UsageError("conform speaks plain TCP and UDP only: add --insecure");
  check_sections(options);
  Trial trial(settings_of(options));
  look_before(trial);
  const auto tell = [&](const Finding& finding) {
    if (!options.json) print_line(finding);
  };
  Findings findings = run_checks(trial, wanted_checks(options, trial.datagrams()), tell);
  add_unchecked(options, findings, tell);
  options.json ? print_json(options, findings) : print_summary(findings);
  if (findings.gave_up) throw Failure(options.peer + " does not greet: " + *findings.gave_up);
  return findings.count(Outcome::kFailed) == 0 ? kExitSuccess : kExitFailure;
}

}  // namespace kvferry
