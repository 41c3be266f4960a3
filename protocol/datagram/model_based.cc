// SPDX-License-Identifier: MIT
#include "protocol/datagram/model_based.h"

#include <algorithm>

namespace kvferry {
namespace {

constexpr double kLongestWait_s = 0.5;  // between two packets
constexpr double kStartupGain = 2.77;
constexpr double kDrainGain = 0.5;
constexpr double kUpGain = 1.25;
constexpr double kDownGain = 0.75;
constexpr double kWindowGain = 1.5;
constexpr double kLossThreshold = 0.02;
constexpr double kMostUsualLoss = 0.1;
constexpr std::uint64_t kLossPackets = 6;  // fewer in a round prove nothing
constexpr double kPipeGrowth = 1.25;       // per round, or the pipe is full after three
constexpr double kUpGrowth = 1.2;          // in kUp: the path has become faster
constexpr double kFirstFlight_s = 0.01;    // for the initial window, before the round trip is known
constexpr double kTimerSlack_s = 1e-3;     // the pacer's
constexpr Duration kRttBlur = std::chrono::microseconds(250);  // by timers and batches
constexpr Duration kMinRttLife = std::chrono::seconds(10);
constexpr Duration kPause = std::chrono::seconds(1);  // without acknowledgements
constexpr Duration kProbeRttTime = milliseconds(200);

}  // namespace

ModelBased::ModelBased(const CongestionOptions& options, std::size_t packet_bytes, std::uint64_t seed)
    : packet_bytes_(packet_bytes),
      initial_window_bytes_(options.initial_window_packets * packet_bytes),
      max_window_bytes_(options.max_window_bytes),
      rng_(seed) {}

double ModelBased::bandwidth() const { return *std::max_element(best_rates_.begin(), best_rates_.end()); }

// What is lost anyway has to be sent as well.
double ModelBased::sending_rate() const { return bandwidth() / (1 - usual_loss_); }

double ModelBased::bdp_bytes(double gain) const {
  if (!min_rtt_ || bandwidth() == 0) return gain * static_cast<double>(initial_window_bytes_);
  return gain * sending_rate() * to_seconds(*min_rtt_);
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
  double rate = sending_rate();
  double first =
      static_cast<double>(initial_window_bytes_) / (min_rtt_ ? to_seconds(*min_rtt_) : kFirstFlight_s);
  // A short first flight underestimates: startup never paces below the initial window per round trip.
  if (rate == 0 || phase_ == Phase::kStartup) return kStartupGain * std::max(rate, first);
  // A rate that was sampled over a long silence would keep the next probe, and all that would mend it,
  // waiting.
  return std::max(pacing_gain() * rate, static_cast<double>(packet_bytes_) / kLongestWait_s);
}

std::uint64_t ModelBased::window_bytes() const {
  double least = static_cast<double>(4 * packet_bytes_);
  if (phase_ == Phase::kProbeRtt) return static_cast<std::uint64_t>(std::max(bdp_bytes(0.5), least));
  // Startup overshoots by what it sends before it sees its own queue: then it stops at once.
  bool blind = phase_ == Phase::kStartup && !queued(latest_rtt_);
  double window = bdp_bytes(blind ? kStartupGain : kWindowGain);
  if (bandwidth() > 0)
    window += std::max(static_cast<double>(3 * packet_bytes_), sending_rate() * kTimerSlack_s);
  // A first flight that was cut short, by an address not yet validated or by too little to send, teaches
  // nothing.
  if (phase_ == Phase::kStartup)
    window = std::max(window, (blind ? kStartupGain : 1) * static_cast<double>(initial_window_bytes_));
  if (ceiling_bytes_ && pipe_full_) window = std::min(window, static_cast<double>(*ceiling_bytes_));
  return static_cast<std::uint64_t>(std::clamp(window, least, static_cast<double>(max_window_bytes_)));
}

double ModelBased::Round::lost_share() const {
  auto lost = static_cast<double>(lost_bytes);
  return lost / std::max(1.0, lost + static_cast<double>(delivered_bytes));
}

void ModelBased::on_acked(const AckSample& sample) {
  round_.delivered_bytes += sample.acked_bytes;
  round_.app_limited = round_.app_limited || sample.app_limited;
  update_bandwidth(sample);
  update_min_rtt(sample);
  if (sample.delivered_when_sent >= round_ends_at_bytes_) {
    round_ends_at_bytes_ = sample.delivered_bytes;
    end_round();
  }
  step(sample);
}

void ModelBased::update_bandwidth(const AckSample& sample) {
  if (!sample.rate_bytes_per_s) return;
  double rate = *sample.rate_bytes_per_s;
  if (sample.app_limited && rate < bandwidth()) return;
  double& best = best_rates_[rate_round_ % best_rates_.size()];
  best = std::max(best, rate);
}

void ModelBased::update_min_rtt(const AckSample& sample) {
  if (!sample.rtt) return;
  latest_rtt_ = sample.rtt;
  round_.least_rtt = std::min(round_.least_rtt.value_or(*sample.rtt), *sample.rtt);
  bool paused = sample.now - acked_at_ > kPause;
  acked_at_ = sample.now;
  bool old = phase_ != Phase::kProbeRtt && sample.now - min_rtt_at_ > kMinRttLife;
  if (min_rtt_ && *sample.rtt > *min_rtt_ && !old) return;
  // After a pause there is no queue of ours to let drain first.
  if (old && min_rtt_ && *sample.rtt > *min_rtt_ && !paused) enter(Phase::kProbeRtt, sample.now);
  min_rtt_ = sample.rtt;
  min_rtt_at_ = sample.now;
}

// A packet with this round trip has waited in a queue.
bool ModelBased::queued(std::optional<Duration> rtt) const {
  return rtt && *rtt > *min_rtt_ + std::max(*min_rtt_ / 16, kRttBlur);
}

// Startup has not yet learnt what is usual.
bool ModelBased::losing_too_much() const {
  double usual = pipe_full_ ? usual_loss_ : kMostUsualLoss;
  return round_.lost_packets >= kLossPackets && round_.lost_share() > kLossThreshold + usual;
}

// Losses that a queue may have caused are not usual. The first round of a phase still hears of the phase
// before.
void ModelBased::learn_usual_loss() {
  if (phase_ != Phase::kCruise || phase_rounds_ == 0) return;
  double share = std::min(round_.lost_share(), kMostUsualLoss);
  if (share > usual_loss_ && queued(round_.least_rtt)) return;
  usual_loss_ += (share - usual_loss_) / 8;
}

void ModelBased::end_round() {
  if (!pipe_full_) check_pipe_full();
  learn_usual_loss();
  ++phase_rounds_;
  // While there is too little to send, rounds are empty, and the filter must not forget what it knew.
  if (!round_.app_limited) {
    ++rate_round_;
    best_rates_[rate_round_ % best_rates_.size()] = 0;
  }
  last_round_rtt_ = round_.least_rtt;
  round_ = {};
}

void ModelBased::check_pipe_full() {
  if (round_.app_limited) return;
  if (bandwidth() >= full_rate_ * kPipeGrowth) {
    full_rate_ = bandwidth();
    flat_rounds_ = 0;
    return;
  }
  int enough = queued(round_.least_rtt) ? 1 : losing_too_much() ? 2 : 3;
  pipe_full_ = ++flat_rounds_ >= enough;
}

void ModelBased::enter(Phase phase, Time now) {
  phase_ = phase;
  phase_began_at_ = now;
  phase_rounds_ = 0;
  if (phase == Phase::kCruise) cruise_rounds_ = 4 + rng_.below(4);
  if (phase == Phase::kUp) rate_before_up_ = bandwidth();
}

void ModelBased::start_over(Time now) {
  pipe_full_ = false;
  full_rate_ = 0;
  flat_rounds_ = 0;
  ceiling_bytes_.reset();
  enter(Phase::kStartup, now);
}

void ModelBased::step(const AckSample& sample) {
  auto flight = static_cast<double>(sample.bytes_in_flight);
  switch (phase_) {
    case Phase::kStartup:
      if (pipe_full_) enter(Phase::kDrain, sample.now);
      break;
    case Phase::kDrain:
      if (flight <= bdp_bytes(1)) enter(Phase::kCruise, sample.now);
      break;
    case Phase::kDown:
      if (flight <= bdp_bytes(1) || phase_rounds_ >= 2) enter(Phase::kCruise, sample.now);
      break;
    case Phase::kCruise:
      if (phase_rounds_ >= cruise_rounds_) enter(Phase::kUp, sample.now);
      break;
    case Phase::kUp:
      step_up(sample);
      break;
    case Phase::kProbeRtt:
      if (sample.now - phase_began_at_ >= kProbeRttTime && phase_rounds_ >= 1) {
        min_rtt_at_ = sample.now;
        enter(pipe_full_ ? Phase::kDown : Phase::kStartup, sample.now);
      }
      break;
  }
}

void ModelBased::step_up(const AckSample& sample) {
  if (ceiling_bytes_) ceiling_bytes_ = *ceiling_bytes_ + sample.acked_bytes;
  if (phase_rounds_ == 0) return;
  if (bandwidth() >= kUpGrowth * rate_before_up_ && !queued(last_round_rtt_)) {
    start_over(sample.now);
  } else if (static_cast<double>(sample.bytes_in_flight) >= bdp_bytes(kUpGain) || phase_rounds_ >= 3) {
    enter(Phase::kDown, sample.now);
  }
}

void ModelBased::on_lost(const LossSample& sample) {
  round_.lost_bytes += sample.lost_bytes;
  round_.lost_packets += sample.lost_packets;
  if (sample.persistent) {
    best_rates_.fill(0);
    start_over(sample.now);
  }
  if (!pipe_full_ || !losing_too_much()) return;
  // More than the path holds: remember how much it was, never less than the model's own product.
  if (queued(last_round_rtt_)) forget_older_rates();
  auto flight = static_cast<double>(sample.bytes_in_flight);
  ceiling_bytes_ =
      static_cast<std::uint64_t>(std::max(flight, bdp_bytes(1) + static_cast<double>(3 * packet_bytes_)));
  if (phase_ == Phase::kUp) enter(Phase::kDown, sample.now);
}

// Where flows overrun a short queue together, each remembers its best moment, and these add up to too much.
void ModelBased::forget_older_rates() {
  std::uint64_t size = best_rates_.size();
  double present = best_rates_[rate_round_ % size];
  double before = best_rates_[(rate_round_ + size - 1) % size];
  best_rates_.fill(0);
  best_rates_[rate_round_ % size] = present;
  best_rates_[(rate_round_ + size - 1) % size] = before;
}

}  // namespace kvferry
