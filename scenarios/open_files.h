// SPDX-License-Identifier: MIT
//
// How many files and sockets a program may have open.
#pragma once

#include <sys/resource.h>

namespace kvferry {

// As many as the system lets it: a connection over TCP takes four. Best effort.
inline void allow_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace kvferry
