// SPDX-License-Identifier: MIT
//
// One line on a terminal that is written over; nothing in a pipe.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "scenarios/report.h"
#include "transport/clock.h"

namespace kvferry {

class ProgressLine {
 public:
  // How far it is, how fast it goes, and how long it will take. The first call only begins to count.
  void show(std::uint64_t done_bytes, std::uint64_t total_bytes) {
    const Time now = steady_now();
    if (begun_ == Time{}) begun_ = now, begun_bytes_ = done_bytes;
    if (!terminal_ || (done_bytes < total_bytes && now < next_)) return;
    next_ = now + milliseconds(100);
    const double percent = 100.0 * static_cast<double>(done_bytes) / static_cast<double>(total_bytes);
    std::fprintf(stderr, "\r%3.0f %% of %s%s\033[K", percent, bytes_text(total_bytes).c_str(),
                 speed(now, done_bytes, total_bytes).c_str());
    shown_ = true;
  }
  void clear() {
    if (std::exchange(shown_, false)) std::fputs("\r\033[K", stderr);
  }

 private:
  [[nodiscard]] std::string speed(Time now, std::uint64_t done_bytes, std::uint64_t total_bytes) const {
    const double seconds = to_seconds(now - begun_);
    if (done_bytes <= begun_bytes_ || seconds <= 0) return {};
    const double rate = static_cast<double>(done_bytes - begun_bytes_) / seconds;
    const double left_s = static_cast<double>(total_bytes - done_bytes) / rate;
    return ", " + bytes_text(static_cast<std::uint64_t>(rate)) + "/s, " +
           duration_text(from_seconds(left_s)) + " left";
  }

  bool terminal_ = isatty(STDERR_FILENO) != 0;
  bool shown_ = false;
  Time begun_{};
  std::uint64_t begun_bytes_ = 0;
  Time next_{};
};

}  // namespace kvferry
