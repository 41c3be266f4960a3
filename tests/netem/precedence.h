// SPDX-License-Identifier: MIT
//
// A thread goes ahead of what it carries packets for, where the system allows it.
#pragma once

#include <sched.h>

namespace kvferry::netem {

// The calling thread; with `inherited`, what it starts from then on too.
inline void take_precedence(bool inherited = false) {
  sched_param first{};
  first.sched_priority = 1;
  sched_setscheduler(0, inherited ? SCHED_FIFO : SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
}

}  // namespace kvferry::netem
