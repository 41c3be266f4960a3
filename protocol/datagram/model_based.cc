// SPDX-License-Identifier: MIT
#include "protocol/datagram/model_based.h"

#include <algorithm>

namespace kvferry {
namespace {

constexpr double kStartupGain = 2.77;
constexpr double kDrainGain = 0.5;
constexpr double kUpGain = 1.25;
constexpr double kDownGain = 0.9;
constexpr double kWindowGain = 2.0;
constexpr double kHeadroom = 0.15;
constexpr double kLossThreshold = 0.02;
constexpr double kMostUsualLoss = 0.1;
constexpr std::uint64_t kLossPackets = 6;  // fewer in a round prove nothing
constexpr double kPipeGrowth = 1.25;       // per round, or the pipe is full after three
constexpr Duration kMinRttLife = std::chrono::seconds(10);
constexpr Duration kProbeRttTime = milliseconds(200);

}  // namespace

ModelBased::ModelBased(const CongestionOptions& options, std::size_t max_datagram_bytes, std::uint64_t seed)
    : packet_bytes_(max_datagram_bytes),
      initial_window_bytes_(options.initial_window_packets * max_datagram_bytes),
      max_window_bytes_(options.max_window_bytes),
      rng_(seed) {}

double ModelBased::bandwidth() const { return *std::max_element(best_rates_.begin(), best_rates_.end()); }

double ModelBased::bdp_bytes(double gain) const {
  if (!min_rtt_ || bandwidth() == 0) return gain * static_cast<double>(initial_window_bytes_);
  return gain * bandwidth() * to_seconds(*min_rtt_);
}

double ModelBased::pacing_gain() const {
  switch (phase_) {
    case Phase::kStartup:
      return kStartupGain;
    case Phase::kDrain:
      return kDrainGain;
    case Phase::kDown:
      return kDownGain;
    case Phase::kUp:
      return kUpGain;
    case Phase::kCruise:
    case Phase::kProbeRtt:
      break;
  }
  return 1;
}

double ModelBased::pacing_bytes_per_s() const {
  double rate = bandwidth();
  double first = static_cast<double>(initial_window_bytes_) / (min_rtt_ ? to_seconds(*min_rtt_) : 1e-3);
  if (rate == 0) return kStartupGain * first;
  // A short first flight underestimates: startup never paces below the initial window per round trip.
  if (phase_ == Phase::kStartup) return kStartupGain * std::max(rate, first);
  return pacing_gain() * rate;
}

std::uint64_t ModelBased::window_bytes() const {
  double least = static_cast<double>(4 * packet_bytes_);
  if (phase_ == Phase::kProbeRtt) return static_cast<std::uint64_t>(std::max(bdp_bytes(0.5), least));
  double gain = phase_ == Phase::kStartup ? kStartupGain : kWindowGain;
  double window = bdp_bytes(gain) + static_cast<double>(3 * packet_bytes_);
  if (phase_ == Phase::kStartup) window = std::max(window, static_cast<double>(initial_window_bytes_));
  if (ceiling_bytes_ && pipe_full_) window = std::min(window, static_cast<double>(*ceiling_bytes_));
  return static_cast<std::uint64_t>(std::clamp(window, least, static_cast<double>(max_window_bytes_)));
}

void ModelBased::on_acked(const AckSample& sample) {
  update_round(sample);
  update_bandwidth(sample);
  update_min_rtt(sample);
  if (round_began_) end_round();
  step(sample);
}

void ModelBased::update_round(const AckSample& sample) {
  round_delivered_bytes_ += sample.acked_bytes;
  round_app_limited_ = round_app_limited_ || sample.app_limited;
  round_began_ = sample.delivered_when_sent >= round_ends_at_bytes_;
  if (round_began_) round_ends_at_bytes_ = sample.delivered_bytes;
}

void ModelBased::update_bandwidth(const AckSample& sample) {
  if (!sample.rate_bytes_per_s) return;
  double rate = *sample.rate_bytes_per_s;
  if (sample.app_limited && rate < bandwidth()) return;
  double& best = best_rates_[round_ % best_rates_.size()];
  best = std::max(best, rate);
}

void ModelBased::update_min_rtt(const AckSample& sample) {
  if (!sample.rtt) return;
  if (!min_rtt_ || *sample.rtt <= *min_rtt_) {
    min_rtt_ = sample.rtt;
    min_rtt_at_ = sample.now;
  } else if (phase_ != Phase::kProbeRtt && sample.now - min_rtt_at_ > kMinRttLife) {
    enter(Phase::kProbeRtt, sample.now);
    min_rtt_ = sample.rtt;
    min_rtt_at_ = sample.now;
  }
}

bool ModelBased::losing_too_much() const {
  auto lost = static_cast<double>(round_lost_bytes_);
  return round_lost_packets_ >= kLossPackets &&
         lost > (kLossThreshold + usual_loss_) * (lost + static_cast<double>(round_delivered_bytes_));
}

// What the path loses anyway, at the pace of the model: learnt while cruising, from one round in eight parts.
void ModelBased::learn_usual_loss() {
  if (phase_ != Phase::kCruise) return;
  auto lost = static_cast<double>(round_lost_bytes_);
  double share = lost / std::max(1.0, lost + static_cast<double>(round_delivered_bytes_));
  usual_loss_ += (std::min(share, kMostUsualLoss) - usual_loss_) / 8;
}

void ModelBased::end_round() {
  if (!pipe_full_) check_pipe_full();
  learn_usual_loss();
  ++phase_rounds_;
  round_delivered_bytes_ = round_lost_bytes_ = round_lost_packets_ = 0;
  // While there is too little to send, rounds are empty, and the filter must not forget what it knew.
  if (!round_app_limited_) {
    ++round_;
    best_rates_[round_ % best_rates_.size()] = 0;
  }
  round_app_limited_ = false;
}

void ModelBased::check_pipe_full() {
  if (round_app_limited_) return;
  if (bandwidth() >= full_rate_ * kPipeGrowth) {
    full_rate_ = bandwidth();
    flat_rounds_ = 0;
  } else if (++flat_rounds_ >= (losing_too_much() ? 2 : 3)) {
    pipe_full_ = true;
  }
}

void ModelBased::enter(Phase phase, Time now) {
  phase_ = phase;
  phase_began_at_ = now;
  phase_rounds_ = 0;
  if (phase == Phase::kCruise) cruise_rounds_ = 4 + rng_.below(4);
}

void ModelBased::step(const AckSample& sample) {
  auto flight = static_cast<double>(sample.bytes_in_flight);
  switch (phase_) {
    case Phase::kStartup:
      if (pipe_full_) enter(Phase::kDrain, sample.now);
      break;
    case Phase::kDrain:
      if (flight <= bdp_bytes(1)) enter(Phase::kDown, sample.now);
      break;
    case Phase::kDown:
      if (flight <= bdp_bytes(1 - kHeadroom) || phase_rounds_ >= 2) enter(Phase::kCruise, sample.now);
      break;
    case Phase::kCruise:
      if (phase_rounds_ >= cruise_rounds_) enter(Phase::kUp, sample.now);
      break;
    case Phase::kUp:
      if (ceiling_bytes_) ceiling_bytes_ = *ceiling_bytes_ + sample.acked_bytes;
      if ((phase_rounds_ >= 1 && flight >= bdp_bytes(kUpGain)) || phase_rounds_ >= 3) {
        enter(Phase::kDown, sample.now);
      }
      break;
    case Phase::kProbeRtt:
      if (sample.now - phase_began_at_ >= kProbeRttTime && phase_rounds_ >= 1) {
        min_rtt_at_ = sample.now;
        enter(pipe_full_ ? Phase::kDown : Phase::kStartup, sample.now);
      }
      break;
  }
}

void ModelBased::on_lost(const LossSample& sample) {
  round_lost_bytes_ += sample.lost_bytes;
  round_lost_packets_ += sample.lost_packets;
  if (!losing_too_much()) return;
  // More than the path holds: remember how much it was, never less than the model's own product.
  auto flight = static_cast<double>(sample.bytes_in_flight);
  ceiling_bytes_ =
      static_cast<std::uint64_t>(std::max(flight, bdp_bytes(1) + static_cast<double>(3 * packet_bytes_)));
  if (phase_ == Phase::kStartup && pipe_full_) return;
  if (phase_ == Phase::kUp) enter(Phase::kDown, sample.now);
}

}  // namespace kvferry
