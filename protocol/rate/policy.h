// SPDX-License-Identifier: MIT
//
// Ways to choose the next segment's encoding, by name, so that they can be compared:
//
// - fixed:PRESET: always this one.
// - cachegen: as CacheGen was released (Liu et al., SIGCOMM 2024), the least lossy encoding with which
//   all that is left would be in time at the throughput measured last.
// - throughput: harmonic mean of five samples, an equal share of the time for every segment.
// - mpc: RobustMPC (Yin et al., SIGCOMM 2015), the best row of the next five, at a cautious prediction.
// - progressive: a card whose every beginning is a cache; its end is cut by deadline and budget.
//
// Policies are pure: they see what was known at the moment of the decision, and nothing else.
#pragma once

#include <algorithm>
#include <memory>
#include <span>

#include "protocol/base/result.h"
#include "protocol/rate/delivery_rate.h"
#include "protocol/rate/encoding.h"

namespace kvferry {

// What is known when a segment's encoding is chosen.
struct Outlook {
  const Job* job = nullptr;
  std::size_t next = 0;             // the segment in question
  double time_left_s = 0;           // until the deadline, less what delivery takes; infinite without one
  double bytes_ahead = 0;           // handed over before, and not known to have arrived
  double reader_busy_s = 0;         // for how long the receiver will decode what was handed over before
  double bytes_left = 0;            // of the budget, for this and all later segments; infinite without one
  std::optional<double> previous;   // quality of the segment before
  std::optional<double> last_rate;  // bytes per second: the latest sample
  std::optional<double> mean_rate;  // harmonic mean
  std::optional<double> cautious_rate;  // less the errors of the latest predictions

  [[nodiscard]] const Segment& segment() const { return job->segments[next]; }
  [[nodiscard]] std::span<const Segment> ahead() const {
    return std::span<const Segment>(job->segments).subspan(next);
  }
  // From now until the receiver can use it: what was handed over before arrives and is decoded first.
  [[nodiscard]] double ready_s(const Encoding& encoding, double rate_bytes_per_s) const {
    return decoded_s(encoding, bytes_ahead / rate_bytes_per_s + encoding.arrives_s(rate_bytes_per_s));
  }
  [[nodiscard]] double decoded_s(const Encoding& encoding, double arrived_s) const {
    return std::max(arrived_s, reader_busy_s) + to_seconds(encoding.decode);
  }
};

class RatePolicy {
 public:
  virtual ~RatePolicy() = default;
  // One of `allowed`, the indices of the segment's encodings that budget, floor and options admit, fewest
  // bytes first; there is at least one.
  [[nodiscard]] virtual std::size_t choose(const Outlook& outlook, std::span<const std::size_t> allowed) = 0;
};

// The error names the policies.
[[nodiscard]] Result<std::unique_ptr<RatePolicy>> make_policy(const std::string& name);

}  // namespace kvferry
