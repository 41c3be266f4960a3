// SPDX-License-Identifier: MIT
#include "scenarios/lab/memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "scenarios/report.h"

namespace kvferry {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

std::uint64_t machine_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  for (std::uint64_t kib = 0; file >> name >> kib >> unit;) {
    if (name == "MemAvailable:") return kib << 10;
    if (unit != "kB") break;
  }
  return kUnlimited;
}

std::uint64_t group_bytes() {
  std::uint64_t most = 0, taken = 0;
  std::ifstream limit("/sys/fs/cgroup/memory.max"), current("/sys/fs/cgroup/memory.current");
  if (!(limit >> most) || !(current >> taken)) return kUnlimited;  // no file, or "max"
  return most - std::min(most, taken);
}

}  // namespace

Result<void> check_memory(std::size_t caches, std::uint64_t bytes) {
  const std::uint64_t free = std::min(machine_bytes(), group_bytes());
  if (bytes <= free) return {};
  return Error{"memory: " + count_text(caches, "full cache") + " of " + bytes_text(bytes) +
               " together, expected at most the " + bytes_text(free) + " that are free"};
}

}  // namespace kvferry
