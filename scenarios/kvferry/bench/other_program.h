// SPDX-License-Identifier: MIT
//
// What it takes to run somebody else's server and wait for it.
#pragma once

#include <filesystem>

#include "protocol/base/result.h"
#include "scenarios/process.h"

namespace kvferry::bench {

// A folder that goes with its owner.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path file(const char* name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
};

// The kernel's tables, /proc/net.
enum class PortKind : std::uint8_t { kTcp, kUdp };

// One that was free a moment ago.
[[nodiscard]] std::uint16_t free_port(PortKind kind);

// Until it has the port; an error when it has ended, or takes five seconds.
[[nodiscard]] Result<void> wait_until_it_listens(ChildProcess& server, PortKind kind, std::uint16_t port);

}  // namespace kvferry::bench
