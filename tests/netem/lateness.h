// SPDX-License-Identifier: MIT
//
// How late packets came in comparison with the model: the emulator's own error.
#pragma once

#include <algorithm>
#include <array>

#include "protocol/base/time.h"

namespace kvferry::netem {

class Lateness {
 public:
  void add(Duration late) {
    const auto bucket = static_cast<std::size_t>(std::max<std::int64_t>(0, to_us(late)) / kBucketUs);
    ++counts_[std::min(bucket, counts_.size() - 1)];
    ++total_;
    most_ = std::max(most_, late);
  }

  // At most so late was this share of the packets, to 10 us; beyond 20 ms, the most.
  [[nodiscard]] double quantile_ms(double share) const {
    const double wanted = share * static_cast<double>(total_);
    double below = 0;
    for (std::size_t i = 0; i + 1 < counts_.size(); ++i) {
      below += static_cast<double>(counts_[i]);
      if (below >= wanted) return static_cast<double>((i + 1) * kBucketUs) * 1e-3;
    }
    return most_ms();
  }
  [[nodiscard]] double most_ms() const { return to_seconds(most_) * 1e3; }

 private:
  static constexpr std::int64_t kBucketUs = 10;
  std::array<std::uint64_t, 2001> counts_{};
  std::uint64_t total_ = 0;
  Duration most_{};
};

}  // namespace kvferry::netem
