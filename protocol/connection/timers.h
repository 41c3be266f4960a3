// SPDX-License-Identifier: MIT
//
// A table of timers indexed by an enum whose last value is kCount.
#pragma once

#include <array>
#include <optional>

#include "protocol/base/time.h"

namespace kvferry {

template <typename Name>
class TimerTable {
 public:
  void arm(Name name, Time when) { at_[index(name)] = when; }
  void stop(Name name) { at_[index(name)].reset(); }
  void stop_all() { at_.fill(std::nullopt); }
  [[nodiscard]] std::optional<Time> at(Name name) const { return at_[index(name)]; }

  // The earliest timer that is armed.
  [[nodiscard]] std::optional<Time> next() const {
    std::optional<Time> earliest;
    for (const auto& when : at_) {
      if (when && (!earliest || *when < *earliest)) earliest = when;
    }
    return earliest;
  }

  // A timer that is due; it is stopped.
  [[nodiscard]] std::optional<Name> take_expired(Time now) {
    for (std::size_t i = 0; i < at_.size(); ++i) {
      if (!at_[i] || *at_[i] > now) continue;
      at_[i].reset();
      return static_cast<Name>(i);
    }
    return std::nullopt;
  }

 private:
  static std::size_t index(Name name) { return static_cast<std::size_t>(name); }
  std::array<std::optional<Time>, static_cast<std::size_t>(Name::kCount)> at_{};
};

}  // namespace kvferry
