// SPDX-License-Identifier: MIT
#include "scenarios/lab/progress.h"

#include <unistd.h>

#include <cstdio>

namespace kvferry {

Progress::Progress(std::string what, size_t total)
    : what_(std::move(what)),
      total_(total),
      on_terminal_(isatty(STDERR_FILENO) != 0),
      started_(std::chrono::steady_clock::now()) {
  if (on_terminal_) print();
}

Progress::~Progress() {
  if (!on_terminal_) return;
  print();
  std::fputc('\n', stderr);
}

void Progress::step() {
  const std::lock_guard lock(mutex_);
  ++done_;
  if (on_terminal_) print();
}

void Progress::show() {
  const std::lock_guard lock(mutex_);
  if (on_terminal_) print();
}

void Progress::print() {
  const auto now = std::chrono::steady_clock::now();
  const auto seconds = std::chrono::duration<double>(now - started_).count();
  std::fprintf(stderr, "\r%-44s", what_.c_str());
  if (total_ > 0) std::fprintf(stderr, " %5zu of %zu", done_, total_);
  std::fprintf(stderr, " %6.1f s", seconds);
  std::fflush(stderr);
}

}  // namespace kvferry
