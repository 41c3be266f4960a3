// SPDX-License-Identifier: MIT
#include "scenarios/lab/interrupt.h"

#include <csignal>

namespace kvferry {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;

void raise_flag(int) { g_interrupted = 1; }

}  // namespace

void watch_interrupts() {
  struct sigaction action {};
  action.sa_handler = raise_flag;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return g_interrupted != 0; }

}  // namespace kvferry
