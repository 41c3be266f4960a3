// SPDX-License-Identifier: MIT
//
// soak_faults --seeds N [--from S] [--jobs J] runs the fault plans of N seeds on
// both bindings, with digests checked at once and late, prints each failure with the seed that repeats it,
// and a last line with the count.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/protocol/fault_world.h"

namespace kvferry::test {
namespace {

// True if everything held.
bool run_seed(std::uint64_t seed) {
  bool held = true;
  for (const auto& [binding, late_checks] :
       {std::pair{Binding::kStream, false}, std::pair{Binding::kDatagram, false},
        std::pair{Binding::kStream, true}, std::pair{Binding::kDatagram, true}}) {
    const FaultOutcome outcome = run_faults(binding, seed, late_checks);
    if (outcome.failure.empty()) continue;
    held = false;
    std::printf("seed %llu, %s%s: %s\n", static_cast<unsigned long long>(seed),
                binding == Binding::kStream ? "stream" : "datagram", late_checks ? ", late checks" : "",
                outcome.failure.c_str());
    std::fflush(stdout);
  }
  return held;
}

std::uint64_t run_all(std::uint64_t from, std::uint64_t seeds, std::uint64_t jobs) {
  std::atomic<std::uint64_t> next{0};
  std::atomic<std::uint64_t> failed{0};
  const auto work = [&] {
    for (std::uint64_t i = next++; i < seeds; i = next++) failed += run_seed(from + i) ? 0 : 1;
  };
  std::vector<std::thread> workers;
  for (std::uint64_t job = 1; job < jobs; ++job) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  return failed;
}

}  // namespace
}  // namespace kvferry::test

int main(int argc, char** argv) {
  std::uint64_t seeds = 0, from = 0, jobs = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--seeds") seeds = value;
    if (name == "--from") from = value;
    if (name == "--jobs") jobs = value;
  }
  if (seeds == 0 || jobs == 0) {
    std::fprintf(stderr, "usage: soak_faults --seeds N [--from S] [--jobs J]\n");
    return 2;
  }
  const std::uint64_t failed = kvferry::test::run_all(from, seeds, jobs);
  std::printf("%llu seeds, %llu failed\n", static_cast<unsigned long long>(seeds),
              static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
