// SPDX-License-Identifier: MIT
//
// How fast a peer is being reached, from a count of what has arrived: samples of half a round trip or more,
// and predictions from the last five, so that five round trips after a step nothing older counts. Time in
// which nothing was under way is in no sample; an outage shows in the predictions while it lasts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "protocol/base/time.h"

namespace kvferry {

class DeliveryRate {
 public:
  static constexpr std::size_t kSamples = 5;

  // After every news from the peer, and whenever a prediction is wanted. delivered_bytes: of the connection's
  // payload; less than before is no news. busy: something is on its way, or waits for the path.
  void observe(Time now, std::uint64_t delivered_bytes, Duration rtt, bool busy);

  // Bytes per second; nothing before the first sample.
  [[nodiscard]] std::optional<double> last() const;
  [[nodiscard]] std::optional<double> harmonic_mean() const;
  // The harmonic mean, lowered by the largest relative error that it made in the last five predictions
  // (Yin et al., SIGCOMM 2015, §5.3).
  [[nodiscard]] std::optional<double> cautious() const;

 private:
  void observe_silence(Time now, Duration rtt, bool busy);
  void begin(Time now);
  void add(double sample);
  [[nodiscard]] double mean_of_samples() const;
  [[nodiscard]] std::optional<double> capped(double rate) const;

  std::array<double, kSamples> samples_{};  // rings
  std::array<double, kSamples> errors_{};
  std::size_t count_ = 0;
  std::optional<Time> began_at_;  // of the sample that is being taken
  std::uint64_t began_bytes_ = 0;
  Time delivered_at_{};
  std::uint64_t delivered_bytes_ = 0;
  double step_bytes_ = 0;  // the most that was reported at once
  double ceiling_ = 0;     // while nothing arrives: the path cannot be faster; 0: none
};

}  // namespace kvferry
