// SPDX-License-Identifier: MIT
#include "tests/netem/delivery_trace.h"

#include <algorithm>
#include <fstream>

namespace kvferry::netem {

Result<DeliveryTrace> DeliveryTrace::from_times_ms(const std::vector<std::int64_t>& times_ms) {
  if (times_ms.empty() || times_ms.back() <= 0) return Error{"expected times that end after 0 ms"};
  DeliveryTrace trace;
  std::int64_t before_ms = 0;
  for (const std::int64_t time_ms : times_ms) {
    if (time_ms < before_ms) {
      return Error{"line " + std::to_string(trace.times_.size() + 1) + ": expected times in order"};
    }
    trace.times_.push_back(milliseconds(time_ms));
    before_ms = time_ms;
  }
  return trace;
}

Result<DeliveryTrace> DeliveryTrace::read(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::int64_t> times_ms;
  for (std::int64_t time_ms = 0; in >> time_ms;) times_ms.push_back(time_ms);
  if (!in.eof()) {
    return Error{file.string() + ": line " + std::to_string(times_ms.size() + 1) +
                 ": expected a number of milliseconds"};
  }
  auto trace = from_times_ms(times_ms);
  if (!trace) return trace.error().in(file.string());
  return trace;
}

Duration DeliveryTrace::time_of(std::uint64_t opportunity) const {
  const std::uint64_t round = opportunity / times_.size();
  return static_cast<std::int64_t>(round) * times_.back() + times_[opportunity % times_.size()];
}

std::uint64_t DeliveryTrace::first_not_before(Duration time) const {
  if (time <= Duration(0)) return 0;
  // The end of a round belongs to it, not to the next.
  const std::int64_t round = (time.count() - 1) / times_.back().count();
  const auto found = std::lower_bound(times_.begin(), times_.end(), time - round * times_.back());
  return static_cast<std::uint64_t>(round) * times_.size() +
         static_cast<std::uint64_t>(found - times_.begin());
}

}  // namespace kvferry::netem
