// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/network_command.h"

#include "scenarios/sim/network_results.h"
#include "scenarios/sim/processes.h"
#include "scenarios/sim/progress.h"

namespace kvferry::sim {
namespace {

std::string name_of(const NetworkPlan& plan, std::size_t number) {
  const auto& run = plan.runs[number];
  std::string name = run.preset + ", " + to_string(run.transport) + ", seed " + std::to_string(run.seed);
  for (const auto& [key, value] : plan.points[run.point].values) name += ", " + key + " = " + value;
  return name;
}

Result<void> run_one(const NetworkPlan& plan, std::size_t number, const RunsFolder& folder) {
  const auto& run = plan.runs[number];
  const auto result = run_network(plan.points[run.point], run, folder.files(number));
  if (!result) return result.error();
  return folder.write_line(number, run_line(plan, run, *result));
}

}  // namespace

Result<RunCount> simulate_network_plan(const std::filesystem::path& file, const std::filesystem::path& out,
                                       std::size_t jobs) {
  const auto plan = read_network_plan(file);
  if (!plan) return plan.error();
  const SignalsHeld held;
  auto folder = RunsFolder::open(out, *plan);
  if (!folder) return folder.error();
  const Progress progress;
  ProcessWork work;
  work.name = [&](std::size_t number) { return file.string() + ": " + name_of(*plan, number); };
  work.begin = [&](std::size_t number) { progress.show(number, plan->runs.size(), name_of(*plan, number)); };
  work.work = [&](std::size_t number) { return run_one(*plan, number, *folder); };
  const auto count = plan->runs.size();
  if (auto done = for_each_in_processes(count, jobs, work); !done) return done.error();
  const auto ok = folder->commit(count);
  if (!ok) return ok.error();
  return RunCount{count, *ok};
}

}  // namespace kvferry::sim
