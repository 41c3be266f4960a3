// SPDX-License-Identifier: MIT
//
// Other programs, run as child processes.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace kvferry {

// A child that shares our standard streams, except those for which a file is named.
class ChildProcess {
 public:
  // `command` begins with the program's file, or a name that PATH finds.
  [[nodiscard]] static Result<ChildProcess> start(std::vector<std::string> command,
                                                  std::filesystem::path errors = {},
                                                  const std::filesystem::path& output = {});
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();  // ends a child that still runs

  [[nodiscard]] bool is_running();
  // Of a child that has ended; -1: a signal ended it.
  [[nodiscard]] int exit_status() const;
  // Waits for the end. Anything but exit status 0 is an error, with the last line of the child's standard
  // error.
  [[nodiscard]] Result<void> wait();

 private:
  ChildProcess() = default;
  [[nodiscard]] std::string last_error_line() const;

  std::string name_;
  std::filesystem::path errors_;
  pid_t pid_ = -1;
  int status_ = 0;
};

}  // namespace kvferry
