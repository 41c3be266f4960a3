// SPDX-License-Identifier: MIT
//
// A descriptor that becomes readable at a time of the steady clock.
#pragma once

#include <optional>

#include "protocol/base/time.h"
#include "tests/netem/descriptor.h"

namespace kvferry::netem {

class Timer {
 public:
  Timer();

  // Nothing: never.
  void set(std::optional<Time> when);
  [[nodiscard]] const Descriptor& descriptor() const { return descriptor_; }

 private:
  Descriptor descriptor_;
  std::optional<Time> when_;
};

}  // namespace kvferry::netem
