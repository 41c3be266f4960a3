// SPDX-License-Identifier: MIT
#include "tests/netem/timer.h"

#include <sys/timerfd.h>

namespace kvferry::netem {

Timer::Timer() : descriptor_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {}

void Timer::set(std::optional<Time> when) {
  if (when == when_) return;
  when_ = when;
  itimerspec spec{};
  if (when) {
    const std::int64_t ns = when->time_since_epoch().count();
    spec.it_value.tv_sec = ns / 1'000'000'000;
    spec.it_value.tv_nsec = ns % 1'000'000'000;
  }
  timerfd_settime(descriptor_.number(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

}  // namespace kvferry::netem
