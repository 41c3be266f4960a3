// SPDX-License-Identifier: MIT
//
// One thread that waits for descriptors to become readable.
#pragma once

#include <functional>
#include <map>

#include "tests/netem/descriptor.h"

namespace kvferry::netem {

class EventLoop {
 public:
  EventLoop();

  // The descriptor outlives the loop's run.
  void watch(const Descriptor& descriptor, std::function<void()> on_readable);
  // Until stop().
  void run();
  void stop() { stopped_ = true; }

 private:
  Descriptor epoll_;
  std::map<int, std::function<void()>> on_readable_;
  bool stopped_ = false;
};

}  // namespace kvferry::netem
