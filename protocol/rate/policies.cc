// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <limits>

#include "protocol/rate/policy.h"

namespace kvferry {
namespace {

using Allowed = std::span<const std::size_t>;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

const Encoding& encoding(const Outlook& outlook, std::size_t index) {
  return outlook.segment().encodings[index];
}

// The best of those that are in time, at this rate, within `time_s`: of equal quality the one that can be
// used first, which may be the one that is not compressed. The smallest if none is.
std::size_t best_in_time(const Outlook& outlook, Allowed allowed, double rate, double time_s) {
  std::size_t best = allowed.front();
  bool any = false;
  for (std::size_t i : allowed) {
    const Encoding& candidate = encoding(outlook, i);
    const double ready_s = outlook.bytes_ahead / rate + candidate.ready_s(rate);
    if (ready_s > time_s) continue;
    const Encoding& kept = encoding(outlook, best);
    const bool better = candidate.quality > kept.quality ||
                        (candidate.quality == kept.quality && candidate.ready_s(rate) < kept.ready_s(rate));
    if (!any || better) best = i;
    any = true;
  }
  return best;
}

class Fixed final : public RatePolicy {
 public:
  explicit Fixed(std::string preset) : preset_(std::move(preset)) {}
  std::size_t choose(const Outlook& outlook, Allowed allowed) override {
    for (std::size_t i : allowed) {
      if (encoding(outlook, i).preset == preset_) return i;
    }
    return allowed.front();
  }

 private:
  std::string preset_;
};

class CacheGen final : public RatePolicy {
 public:
  std::size_t choose(const Outlook& outlook, Allowed allowed) override {
    if (!outlook.last_rate) return allowed[allowed.size() / 2];
    std::size_t best = allowed.front();
    double best_quality = -1;
    for (std::size_t i : allowed) {
      const Encoding& candidate = encoding(outlook, i);
      const double seconds =
          (outlook.bytes_ahead + bytes_of_all_left(outlook, candidate)) / *outlook.last_rate;
      if (seconds > outlook.time_left_s || candidate.quality <= best_quality) continue;
      best = i;
      best_quality = candidate.quality;
    }
    return best;
  }

 private:
  // With the same encoding for every segment that is left.
  static double bytes_of_all_left(const Outlook& outlook, const Encoding& candidate) {
    double sum = 0;
    for (const Segment& segment : outlook.ahead()) {
      const Encoding* same = segment.find(candidate.preset);
      sum += same ? static_cast<double>(same->bytes) : outlook.job->least_bytes({&segment, 1});
    }
    return sum;
  }
};

class Throughput final : public RatePolicy {
 public:
  std::size_t choose(const Outlook& outlook, Allowed allowed) override {
    if (!outlook.mean_rate) return allowed.front();
    const double share_s = outlook.time_left_s / static_cast<double>(outlook.ahead().size());
    return best_in_time(outlook, allowed, *outlook.mean_rate, share_s);
  }
};

// Tries every row of encodings for the next segments; what comes after them is reckoned at its smallest. A
// change of quality costs as much as it changes (their λ = 1): else rows would alternate to use every byte.
class Predictive final : public RatePolicy {
 public:
  static constexpr std::size_t kHorizon = 5;

  std::size_t choose(const Outlook& outlook, Allowed allowed) override {
    if (!outlook.cautious_rate) return allowed.front();
    outlook_ = &outlook;
    rate_ = *outlook.cautious_rate;
    const std::size_t horizon = std::min(kHorizon, outlook.ahead().size());
    choices_.assign(1, {allowed.begin(), allowed.end()});
    for (std::size_t i = 1; i < horizon; ++i) choices_.push_back(outlook.job->admitted(outlook.ahead()[i]));
    const auto later = outlook.ahead().subspan(horizon);
    later_bytes_ = outlook.job->least_bytes(later);
    later_quality_ = 0;
    for (const Segment& segment : later) {
      const auto admitted = outlook.job->admitted(segment);
      if (!admitted.empty()) later_quality_ += segment.encodings[admitted.front()].quality;
    }
    std::size_t best = allowed.front();
    double best_value = -kInfinite;
    for (std::size_t i : allowed) {
      const double value = row(0, i, outlook.bytes_ahead / rate_, outlook.previous);
      if (value > best_value) best = i, best_value = value;
    }
    return best;
  }

 private:
  // The most that a row can be worth that goes on with this choice, after `elapsed_s`.
  [[nodiscard]] double row(std::size_t depth, std::size_t choice, double elapsed_s,
                           std::optional<double> previous) const {
    const Encoding& candidate = outlook_->ahead()[depth].encodings[choice];
    const double arrived_s = elapsed_s + static_cast<double>(candidate.bytes) / rate_;
    const double ready_s = arrived_s + to_seconds(candidate.encode) + to_seconds(candidate.decode);
    double value = ready_s <= outlook_->time_left_s ? candidate.quality : 0;
    if (previous) value -= std::abs(candidate.quality - *previous);
    if (depth + 1 == choices_.size() || choices_[depth + 1].empty()) return value + rest(arrived_s);
    double best = -kInfinite;
    for (std::size_t next : choices_[depth + 1])
      best = std::max(best, row(depth + 1, next, arrived_s, candidate.quality));
    return value + best;
  }

  // Of the segments beyond the horizon, and, as a tie-break, of being done early.
  [[nodiscard]] double rest(double elapsed_s) const {
    constexpr double kEarlier = 1e-6;
    const double room = std::max(0.0, (outlook_->time_left_s - elapsed_s) * rate_);
    const double share = later_bytes_ > 0 ? std::min(1.0, room / later_bytes_) : 1.0;
    return share * later_quality_ - kEarlier * elapsed_s;
  }

  const Outlook* outlook_ = nullptr;
  double rate_ = 0;
  std::vector<std::vector<std::size_t>> choices_;
  double later_bytes_ = 0;
  double later_quality_ = 0;
};

class Progressive final : public RatePolicy {
 public:
  std::size_t choose(const Outlook& outlook, Allowed allowed) override {
    std::size_t best = allowed.front();
    double best_worth = -1;
    double best_ready_s = 0;
    for (std::size_t i : allowed) {
      const Encoding& candidate = encoding(outlook, i);
      const double worth = worth_of(outlook, candidate);
      const double ready_s = outlook.mean_rate ? candidate.ready_s(*outlook.mean_rate) : 0;
      if (worth < best_worth || (worth == best_worth && ready_s >= best_ready_s)) continue;
      best = i;
      best_worth = worth;
      best_ready_s = ready_s;
    }
    return best;
  }

 private:
  // Nothing is known before the first sample: a progressive card can then be cut anywhere, and words are
  // trusted with half of the time.
  static double worth_of(const Outlook& outlook, const Encoding& candidate) {
    const double decode_s = to_seconds(candidate.encode) + to_seconds(candidate.decode);
    if (!outlook.mean_rate) {
      if (candidate.is_text()) return 2 * decode_s <= outlook.time_left_s ? 1 : -1;
      return candidate.is_progressive() ? candidate.curve.back().quality / 2 : -1;
    }
    const double room = *outlook.mean_rate * (outlook.time_left_s - decode_s) - outlook.bytes_ahead;
    return std::max(0.0, candidate.quality_of(std::min(room, outlook.bytes_left)));
  }
};

}  // namespace

Result<std::unique_ptr<RatePolicy>> make_policy(const std::string& name) {
  constexpr std::string_view kFixed = "fixed:";
  std::unique_ptr<RatePolicy> policy;
  if (name.starts_with(kFixed) && name.size() > kFixed.size()) {
    policy = std::make_unique<Fixed>(name.substr(kFixed.size()));
  } else if (name == "cachegen") {
    policy = std::make_unique<CacheGen>();
  } else if (name == "throughput") {
    policy = std::make_unique<Throughput>();
  } else if (name == "mpc") {
    policy = std::make_unique<Predictive>();
  } else if (name == "progressive") {
    policy = std::make_unique<Progressive>();
  } else {
    return Error{"policy '" + name + "': expected fixed:PRESET, cachegen, throughput, mpc or progressive"};
  }
  return policy;
}

}  // namespace kvferry
