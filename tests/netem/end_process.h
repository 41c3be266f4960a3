// SPDX-License-Identifier: MIT
//
// A shell command at one end of the link. It dies with whoever started it.
#pragma once

#include <string>

#include "tests/netem/link_end.h"

namespace kvferry::netem {

class EndProcess {
 public:
  EndProcess(const std::string& command, const LinkEnd& end);
  ~EndProcess();  // kills it and what it started
  EndProcess(const EndProcess&) = delete;
  EndProcess& operator=(const EndProcess&) = delete;

  // Whether it has ended.
  [[nodiscard]] bool has_ended();
  // Then: exit status, or 128 + signal.
  [[nodiscard]] int status() const { return status_; }
  // Whether there is a socket at its end that waits for strangers.
  [[nodiscard]] bool listens() const;

 private:
  int pid_;
  int status_ = -1;
  bool ended_ = false;
};

}  // namespace kvferry::netem
