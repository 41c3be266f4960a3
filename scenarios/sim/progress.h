// SPDX-License-Identifier: GPL-2.0-only
//
// On a terminal one line that is written again and again; in a pipe nothing.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <string>

namespace kvferry::sim {

class Progress {
 public:
  // number: of what begins, from 0.
  void show(std::size_t number, std::size_t total, const std::string& name) const {
    if (!terminal_) return;
    std::fprintf(stderr, "\r\033[K[%zu/%zu] %s", number + 1, total, name.c_str());
    std::fflush(stderr);
  }
  Progress() = default;
  ~Progress() {
    if (terminal_) std::fputs("\r\033[K", stderr);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  bool terminal_ = isatty(STDERR_FILENO) != 0;
};

}  // namespace kvferry::sim
