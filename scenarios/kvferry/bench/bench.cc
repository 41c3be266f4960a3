// SPDX-License-Identifier: MIT
//
// kvferry bench: how fast this machine moves cards, beside what others do on it.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "scenarios/kvferry/bench/figure.h"
#include "scenarios/kvferry/bench/script.h"
#include "scenarios/kvferry/commands.h"
#include "scenarios/program.h"

namespace kvferry {
namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// names: what is asked for; everything, if there are none.
bool is_wanted(const std::string& figure, const std::vector<std::string>& names) {
  return names.empty() || std::any_of(names.begin(), names.end(),
                                      [&](const std::string& name) { return figure.starts_with(name); });
}
// Of a script: whose figures all begin with its name.
bool has_wanted(const std::string& script, const std::vector<std::string>& names) {
  return is_wanted(script, names) || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
           return name.starts_with(script + ",");
         });
}

// In turn, so that what else the machine does hits both.
bench::Line measure(const bench::Figure& figure, int repeats) {
  std::vector<double> ours, theirs;
  for (int i = 0; i < repeats; ++i) {
    const auto in = [&](const std::string& who, const Result<double>& rate) {
      if (!rate) throw Failure(rate.error().in(figure.name + ": " + who));
      return *rate * 1e-6;
    };
    ours.push_back(in("kvferry", figure.ours()));
    theirs.push_back(in(figure.beside, figure.theirs()));
  }
  return {figure.name,  "MB/s", median(std::move(ours)), figure.beside, median(std::move(theirs)),
          figure.wanted};
}

void print(const bench::Line& line, bool json) {
  const double ratio = line.ours / line.theirs;
  const char* bound = line.at_most ? "most" : "least";
  if (json) {
    const nlohmann::ordered_json told = {
        {"figure", line.name},
        {"value", line.ours},
        {"unit", line.unit},
        {"beside", line.beside},
        {"beside_value", line.theirs},
        {"ratio", ratio},
        {"wanted", line.wanted ? nlohmann::ordered_json(*line.wanted) : nlohmann::ordered_json()},
        {"bound", bound}};
    std::printf("%s\n", told.dump().c_str());
  } else {
    char wanted[32] = "";
    if (line.wanted) std::snprintf(wanted, sizeof wanted, "%s %.2f", bound, *line.wanted);
    std::printf("%-26s %8.1f  %8.1f %-6s %-30s %6.2f  %s\n", line.name.c_str(), line.ours, line.theirs,
                line.unit.c_str(), line.beside.c_str(), ratio, wanted);
  }
  std::fflush(stdout);
}

void print_skipped(const std::string& name, const std::string& why, bool json) {
  if (json) {
    std::printf("%s\n", nlohmann::ordered_json{{"figure", name}, {"skipped", why}}.dump().c_str());
  } else {
    std::printf("%-26s skipped: %s\n", name.c_str(), why.c_str());
  }
}

// False: it failed, and says why.
bool run(const bench::Script& script, const BenchOptions& options) {
  const auto measured = bench::run_script(script);
  if (!measured) {
    std::fprintf(stderr, "kvferry: %s: %s\n", script.name.c_str(), measured.error().message.c_str());
    return false;
  }
  if (!measured->skipped.empty()) print_skipped(script.name, measured->skipped, options.json);
  for (const auto& line : measured->lines) {
    if (is_wanted(line.name, options.names)) print(line, options.json);
  }
  return true;
}

std::vector<bench::Figure> all_figures(const bench::Setting& setting) {
  std::vector<bench::Figure> all;
  for (auto* some : {bench::tcp_figures, bench::tls_figures, bench::quic_figures, bench::udp_figures}) {
    for (auto& figure : some(setting)) all.push_back(std::move(figure));
  }
  return all;
}

}  // namespace

int run_bench(const BenchOptions& options) {
  const bench::Setting setting{options.mebibytes << 20, options.seconds};
  auto figures = all_figures(setting);
  std::erase_if(figures, [&](const auto& figure) { return !is_wanted(figure.name, options.names); });
  auto scripts = bench::all_scripts(options.repeats);
  std::erase_if(scripts, [&](const auto& script) { return !has_wanted(script.name, options.names); });
  if (figures.empty() && scripts.empty())
    throw UsageError("'" + options.names.front() + "': no figure begins so");
  if (!options.json) {
    std::printf("%-26s %8s  %8s %-6s %-30s %6s  %s\n", "figure", "kvferry", "beside", "", "", "ratio",
                "wanted");
  }
  for (const auto& figure : figures) print(measure(figure, options.repeats), options.json);
  bool all_ran = true;
  for (const auto& script : scripts) all_ran = run(script, options) && all_ran;
  return all_ran ? kExitSuccess : kExitFailure;
}

}  // namespace kvferry
