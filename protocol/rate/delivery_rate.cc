// SPDX-License-Identifier: MIT
#include "protocol/rate/delivery_rate.h"

#include <algorithm>
#include <cmath>

namespace kvferry {

void DeliveryRate::observe(Time now, std::uint64_t delivered_bytes, Duration rtt, bool busy) {
  ceiling_ = 0;
  if (delivered_bytes <= delivered_bytes_) return observe_silence(now, rtt, busy);
  const double step = static_cast<double>(delivered_bytes - delivered_bytes_);
  delivered_bytes_ = delivered_bytes;
  delivered_at_ = now;
  if (!began_at_) {
    step_bytes_ = step;
    return begin(now);
  }
  step_bytes_ = std::max(step_bytes_, step);
  if (now - *began_at_ < std::max(rtt / 2, milliseconds(1))) return;
  add(static_cast<double>(delivered_bytes - began_bytes_) / to_seconds(now - *began_at_));
  begin(now);
}

void DeliveryRate::begin(Time now) {
  began_at_ = now;
  began_bytes_ = delivered_bytes_;
}

void DeliveryRate::observe_silence(Time now, Duration rtt, bool busy) {
  if (!busy) return began_at_.reset();
  if (!began_at_) return;
  const double silent_s = to_seconds(now - delivered_at_ - rtt);
  if (silent_s > 0) ceiling_ = step_bytes_ / silent_s;
}

void DeliveryRate::add(double sample) {
  const std::size_t place = count_ % kSamples;
  errors_[place] = count_ == 0 ? 0 : std::abs(mean_of_samples() - sample) / sample;
  samples_[place] = sample;
  ++count_;
}

double DeliveryRate::mean_of_samples() const {
  const std::size_t n = std::min(count_, kSamples);
  double inverse = 0;
  for (std::size_t i = 0; i < n; ++i) inverse += 1 / samples_[i];
  return static_cast<double>(n) / inverse;
}

std::optional<double> DeliveryRate::capped(double rate) const {
  return ceiling_ > 0 ? std::min(rate, ceiling_) : rate;
}

std::optional<double> DeliveryRate::last() const {
  if (count_ == 0) return std::nullopt;
  return capped(samples_[(count_ - 1) % kSamples]);
}

std::optional<double> DeliveryRate::harmonic_mean() const {
  if (count_ == 0) return std::nullopt;
  return capped(mean_of_samples());
}

std::optional<double> DeliveryRate::cautious() const {
  if (count_ == 0) return std::nullopt;
  const double error = *std::max_element(errors_.begin(), errors_.end());
  return capped(mean_of_samples() / (1 + error));
}

}  // namespace kvferry
