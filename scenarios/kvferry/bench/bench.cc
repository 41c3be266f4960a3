// SPDX-License-Identifier: MIT
//
// kvferry bench: how fast this machine moves cards, beside what others do on it.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "scenarios/kvferry/bench/figure.h"
#include "scenarios/kvferry/commands.h"
#include "scenarios/program.h"

namespace kvferry {
namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// In turn, so that what else the machine does hits both.
struct Medians {
  double ours = 0, theirs = 0;
};
Medians measure(const bench::Figure& figure, int repeats) {
  std::vector<double> ours, theirs;
  for (int i = 0; i < repeats; ++i) {
    const auto in = [&](const std::string& who, const Result<double>& rate) {
      if (!rate) throw Failure(rate.error().in(figure.name + ": " + who));
      return *rate;
    };
    ours.push_back(in("kvferry", figure.ours()));
    theirs.push_back(in(figure.beside, figure.theirs()));
  }
  return {median(std::move(ours)), median(std::move(theirs))};
}

void print(const bench::Figure& figure, const Medians& medians, bool json) {
  const double ratio = medians.ours / medians.theirs;
  if (json) {
    const nlohmann::ordered_json line = {
        {"figure", figure.name},   {"mb_per_s", medians.ours * 1e-6},
        {"beside", figure.beside}, {"beside_mb_per_s", medians.theirs * 1e-6},
        {"ratio", ratio},          {"wanted", figure.wanted}};
    std::printf("%s\n", line.dump().c_str());
  } else {
    std::printf("%-24s %8.0f MB/s  %8.0f MB/s  %-30s %6.2f  %6.2f\n", figure.name.c_str(),
                medians.ours * 1e-6, medians.theirs * 1e-6, figure.beside.c_str(), ratio, figure.wanted);
  }
  std::fflush(stdout);
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
  if (!options.names.empty()) {
    std::erase_if(figures, [&](const bench::Figure& figure) {
      return std::none_of(options.names.begin(), options.names.end(),
                          [&](const std::string& name) { return figure.name.starts_with(name); });
    });
    if (figures.empty()) throw UsageError("'" + options.names.front() + "': no figure begins so");
  }
  if (!options.json) {
    std::printf("%-24s %13s  %13s  %-30s %6s  %6s\n", "figure", "kvferry", "beside", "", "ratio", "wanted");
  }
  for (const auto& figure : figures) print(figure, measure(figure, options.repeats), options.json);
  return kExitSuccess;
}

}  // namespace kvferry
