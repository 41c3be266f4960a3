// SPDX-License-Identifier: MIT
//
// One line on a terminal that says how far a step of long work is; nothing in a pipe.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

namespace kvferry {

class Progress {
 public:
  // total 0: only the time is shown.
  Progress(std::string what, size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step();  // one more is done; any thread
  void show();  // the time again

 private:
  void print();

  std::string what_;
  size_t total_;
  size_t done_ = 0;
  bool on_terminal_;
  std::chrono::steady_clock::time_point started_;
  std::mutex mutex_;
};

}  // namespace kvferry
