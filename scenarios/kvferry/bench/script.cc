// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/bench/script.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "scenarios/data_files.h"
#include "scenarios/kvferry/bench/other_program.h"
#include "scenarios/process.h"

namespace kvferry::bench {
namespace {

constexpr int kSkippedStatus = 77;

Result<Line> read_line(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  try {
    Line line{json.at("figure"),         json.at("unit"),         json.at("value"),
              json.at("beside"),         json.at("beside_value"), {},
              json.at("bound") == "most"};
    if (!json.at("wanted").is_null()) line.wanted = json.at("wanted").get<double>();
    return line;
  } catch (const nlohmann::json::exception&) {
    return Error{"it prints '" + text + "', expected a figure"};
  }
}

}  // namespace

std::vector<Script> all_scripts(int repeats) {
  const std::string runs = std::to_string(repeats);
  std::vector<std::string> flows{"--runs", runs};
  for (const char* flow : {"kvferry UDP", "kvferry QUIC", "iperf3 TCP, BBR", "iperf3 TCP, CUBIC"})
    flows.insert(flows.end(), {"--flow", flow});
  return {{"link", "tests/netem/goodput", std::move(flows)},
          {"idle connection", "tests/transport/faults/crowd", {"--pairs", "1"}},
          {"card of 1 GiB", "tests/transport/faults/memory", {}}};
}

Result<Measured> run_script(const Script& script) {
  const auto file = find_data(script.file);
  if (!file) return Measured{{}, "only in the source tree: " + script.file};
  const Scratch scratch;
  std::vector<std::string> command{*file, "--programs", program_file().parent_path(), "--json"};
  command.insert(command.end(), script.arguments.begin(), script.arguments.end());
  auto child = ChildProcess::start(std::move(command), scratch.file("err"), scratch.file("out"));
  if (!child) return child.error();
  const auto done = child->wait();
  std::ifstream out(scratch.file("out"));
  Measured measured;
  if (child->exit_status() == kSkippedStatus) {
    std::getline(out, measured.skipped);
    if (measured.skipped.empty()) measured.skipped = "it cannot be tried here";
    return measured;
  }
  if (!done) return done.error();
  for (std::string text; std::getline(out, text);) {
    auto line = read_line(text);
    if (!line) return line.error();
    measured.lines.push_back(std::move(*line));
  }
  return measured;
}

}  // namespace kvferry::bench
