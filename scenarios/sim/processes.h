// SPDX-License-Identifier: GPL-2.0-only
//
// Independent pieces of work, each in a process of its own.
#pragma once

#include <functional>
#include <string>

#include "protocol/base/result.h"

namespace kvferry::sim {

// SIGINT and SIGTERM wait while there is one: for_each_in_processes() hears them, nothing else does.
class SignalsHeld {
 public:
  SignalsHeld();
  ~SignalsHeld();  // what came and was not heard takes effect
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
};

struct ProcessWork {
  std::function<Result<void>(std::size_t)> work;      // in the child; what it changes, it changes for itself
  std::function<void(std::size_t)> begin = {};        // in this process, before each
  std::function<std::string(std::size_t)> name = {};  // for errors
};

// Calls work(i) for 0 <= i < count in up to `jobs` processes at a time. After an error, the end of a process
// by a signal, or SIGINT or SIGTERM to this process ("interrupted"), those under way are ended and no further
// one begins. One thread may be running, and no other child of this process; SignalsHeld must be there.
[[nodiscard]] Result<void> for_each_in_processes(std::size_t count, std::size_t jobs,
                                                 const ProcessWork& work);

}  // namespace kvferry::sim
