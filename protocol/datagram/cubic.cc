// SPDX-License-Identifier: MIT
#include "protocol/datagram/cubic.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kvferry {
namespace {

constexpr double kC = 0.4;  // packets/s³
constexpr double kBeta = 0.7;
constexpr double kRenoGrowth = 3 * (1 - kBeta) / (1 + kBeta);  // packets a round, §4.3
constexpr double kPacingGain = 1.25;
constexpr double kLeastPackets = 2;

}  // namespace

Cubic::Cubic(const CongestionOptions& options, std::size_t packet_bytes)
    : packet_bytes_(static_cast<double>(packet_bytes)),
      max_window_bytes_(static_cast<double>(options.max_window_bytes)),
      window_bytes_(static_cast<double>(options.initial_window_packets) * packet_bytes_),
      threshold_bytes_(std::numeric_limits<double>::infinity()) {}

void Cubic::on_acked(const AckSample& sample) {
  if (sample.rtt) {
    rtt_ = has_rtt_ ? (rtt_ * 7 + *sample.rtt) / 8 : *sample.rtt;
    has_rtt_ = true;
  }
  Duration since_last = sample.now - heard_at_;
  heard_at_ = sample.now;
  bool in_recovery = recovery_began_at_ && sample.newest_sent_at <= *recovery_began_at_;
  if (in_recovery) return;
  auto flight = static_cast<double>(sample.bytes_in_flight + sample.acked_bytes);
  if (sample.app_limited && flight < window_bytes_ / 2) {
    if (epoch_) epoch_->began_at += since_last;  // §4.2: time without enough to send does not count
    return;
  }
  if (window_bytes_ < threshold_bytes_) {
    slow_start(sample);
  } else {
    grow(sample);
  }
  window_bytes_ = std::min(window_bytes_, max_window_bytes_);
}

// HyStart++ is for the first slow start only, RFC 9406 §4.3.
void Cubic::slow_start(const AckSample& sample) {
  bool first = std::isinf(threshold_bytes_);
  window_bytes_ += static_cast<double>(first ? hystart_.growth(sample.acked_bytes) : sample.acked_bytes);
  if (first && hystart_.on_acked(sample)) threshold_bytes_ = window_bytes_;
}

void Cubic::begin_epoch(Time now) {
  Epoch epoch;
  epoch.began_at = now;
  epoch.packet_bytes = packet_bytes_;
  epoch.plateau_bytes = std::max(last_plateau_bytes_, window_bytes_);
  epoch.plateau_s = std::cbrt((epoch.plateau_bytes - window_bytes_) / packet_bytes_ / kC);
  epoch.before_bytes = std::max(window_before_loss_bytes_, window_bytes_);
  epoch.reno_bytes = window_bytes_;
  epoch_ = epoch;
}

double Cubic::cubic_bytes(double after_s) const {
  double from_plateau_s = after_s - epoch_->plateau_s;
  return epoch_->plateau_bytes + kC * epoch_->packet_bytes * from_plateau_s * from_plateau_s * from_plateau_s;
}

// §4.2 to §4.5.
void Cubic::grow(const AckSample& sample) {
  if (!epoch_) begin_epoch(sample.now);
  double acked_windows = static_cast<double>(sample.acked_bytes) / window_bytes_;
  double growth = epoch_->reno_bytes < epoch_->before_bytes ? kRenoGrowth : 1;
  epoch_->reno_bytes += growth * packet_bytes_ * acked_windows;
  double after_s = to_seconds(sample.now - epoch_->began_at);
  if (cubic_bytes(after_s) < epoch_->reno_bytes) {
    window_bytes_ = std::max(window_bytes_, epoch_->reno_bytes);
    return;
  }
  double target = std::clamp(cubic_bytes(after_s + to_seconds(rtt_)), window_bytes_, 1.5 * window_bytes_);
  window_bytes_ += (target - window_bytes_) * acked_windows;
}

void Cubic::on_lost(const LossSample& sample) {
  double least = kLeastPackets * packet_bytes_;
  if (!recovery_began_at_ || sample.newest_sent_at > *recovery_began_at_) {
    recovery_began_at_ = sample.now;
    window_before_loss_bytes_ = window_bytes_;
    // §4.7: a flow that did not get back to where it was gives way to others.
    bool gives_way = window_bytes_ < last_plateau_bytes_;
    last_plateau_bytes_ = gives_way ? window_bytes_ * (1 + kBeta) / 2 : window_bytes_;
    window_bytes_ = threshold_bytes_ = std::max(kBeta * window_bytes_, least);
    epoch_.reset();
  }
  if (sample.persistent) {
    window_bytes_ = least;
    last_plateau_bytes_ = 0;
    window_before_loss_bytes_ = 0;
    epoch_.reset();
    recovery_began_at_.reset();
  }
}

double Cubic::pacing_bytes_per_s() const {
  return kPacingGain * window_bytes_ / std::max(to_seconds(rtt_), 1e-4);
}

}  // namespace kvferry
