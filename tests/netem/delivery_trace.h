// SPDX-License-Identifier: MIT
//
// A link's capacity as mahimahi records it: a line for each time, in milliseconds, at which up to 1,500 bytes
// may leave. It starts again when it ends.
#pragma once

#include <filesystem>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace kvferry::netem {

class DeliveryTrace {
 public:
  static constexpr std::size_t kOpportunityBytes = 1500;

  // In order; the last is the length, and not 0.
  [[nodiscard]] static Result<DeliveryTrace> from_times_ms(const std::vector<std::int64_t>& times_ms);
  [[nodiscard]] static Result<DeliveryTrace> read(const std::filesystem::path& file);

  // Opportunities are counted from 0 over all repetitions; times are since the trace began.
  [[nodiscard]] Duration time_of(std::uint64_t opportunity) const;
  [[nodiscard]] std::uint64_t first_not_before(Duration time) const;

 private:
  std::vector<Duration> times_;
};

}  // namespace kvferry::netem
