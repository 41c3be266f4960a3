// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "protocol/rate/policy.h"

namespace kvferry {
namespace {

using Allowed = std::span<const std::size_t>;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

const Encoding& encoding(const Outlook& outlook, std::size_t index) {
  return outlook.segment().encodings[index];
}

// What cannot be decoded in time, had it arrived already, is no choice as long as there is another.
std::vector<std::size_t> not_hopeless(const Outlook& outlook, Allowed allowed) {
  std::vector<std::size_t> kept;
  for (std::size_t i : allowed) {
    const Encoding& candidate = encoding(outlook, i);
    const double decoded_s = outlook.decoded_s(candidate, to_seconds(candidate.encode));
    if (candidate.is_progressive() || decoded_s <= outlook.time_left_s) kept.push_back(i);
  }
  return kept.empty() ? std::vector<std::size_t>(allowed.begin(), allowed.end()) : kept;
}

// The best of those that are in time, at this rate, within `time_s`: of equal quality the one that can be
// used first, which may be the one that is not compressed. If none is in time, the one that can be used
// first.
std::size_t best_in_time(const Outlook& outlook, Allowed allowed, double rate, double time_s) {
  const auto rank = [&](std::size_t i) {
    const double ready_s = outlook.ready_s(encoding(outlook, i), rate);
    const bool in_time = ready_s <= time_s;
    return std::tuple(in_time, in_time ? encoding(outlook, i).quality : 0, -ready_s);
  };
  return *std::max_element(allowed.begin(), allowed.end(),
                           [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
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
  std::size_t choose(const Outlook& outlook, Allowed all) override {
    const auto allowed = not_hopeless(outlook, all);
    if (!outlook.last_rate) return allowed[allowed.size() / 2];
    std::size_t best = allowed.front();
    double best_quality = -1;
    for (std::size_t i : allowed) {
      const Encoding& candidate = encoding(outlook, i);
      const double seconds = all_left_s(outlook, candidate);
      if (seconds > outlook.time_left_s || candidate.quality <= best_quality) continue;
      best = i;
      best_quality = candidate.quality;
    }
    return best;
  }

 private:
  // With the same encoding for every segment that is left, sent and decoded side by side.
  static double all_left_s(const Outlook& outlook, const Encoding& candidate) {
    double bytes = outlook.bytes_ahead;
    double decode_s = outlook.reader_busy_s;
    for (const Segment& segment : outlook.ahead()) {
      const Encoding* same = segment.find(candidate.preset);
      bytes += same ? static_cast<double>(same->bytes) : outlook.job->least_bytes({&segment, 1});
      decode_s += same ? to_seconds(same->decode) : 0;
    }
    return std::max(bytes / *outlook.last_rate, decode_s);
  }
};

class Throughput final : public RatePolicy {
 public:
  std::size_t choose(const Outlook& outlook, Allowed all) override {
    const auto allowed = not_hopeless(outlook, all);
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

  std::size_t choose(const Outlook& outlook, Allowed all) override {
    const auto allowed = not_hopeless(outlook, all);
    if (!outlook.cautious_rate) return allowed.front();
    outlook_ = &outlook;
    rate_ = *outlook.cautious_rate;
    const std::size_t horizon = std::min(kHorizon, outlook.ahead().size());
    choices_.assign(1, {allowed.begin(), allowed.end()});
    for (std::size_t i = 1; i < horizon; ++i) choices_.push_back(outlook.job->admitted(outlook.ahead()[i]));
    later_ = {};
    for (const Segment& segment : outlook.ahead().subspan(horizon)) later_.add(*outlook.job, segment);
    std::size_t best = allowed.front();
    double best_value = -kInfinite;
    for (std::size_t i : allowed) {
      const double value = row(0, i, {outlook.bytes_ahead / rate_, outlook.reader_busy_s}, outlook.previous);
      if (value > best_value) best = i, best_value = value;
    }
    return best;
  }

 private:
  // When all that was handed over has arrived, and when it is decoded.
  struct Elapsed {
    double arrived_s = 0;
    double decoded_s = 0;
  };
  // The segments beyond the horizon, each in its smallest cache, or its words if there is none.
  struct Later {
    double bytes = 0, decode_s = 0, quality = 0;
    void add(const Job& job, const Segment& segment) {
      const auto admitted = job.admitted(segment);
      if (admitted.empty()) return;
      auto found = std::find_if(admitted.begin(), admitted.end(),
                                [&](std::size_t i) { return !segment.encodings[i].is_text(); });
      const Encoding& smallest = segment.encodings[found == admitted.end() ? admitted.front() : *found];
      bytes += static_cast<double>(smallest.bytes);
      decode_s += to_seconds(smallest.decode);
      quality += smallest.quality;
    }
  };

  // The most that a row can be worth that goes on with this choice.
  [[nodiscard]] double row(std::size_t depth, std::size_t choice, Elapsed elapsed,
                           std::optional<double> previous) const {
    const Encoding& candidate = outlook_->ahead()[depth].encodings[choice];
    elapsed.arrived_s += static_cast<double>(candidate.bytes) / rate_;
    elapsed.decoded_s = std::max(elapsed.decoded_s, elapsed.arrived_s + to_seconds(candidate.encode)) +
                        to_seconds(candidate.decode);
    double value = elapsed.decoded_s <= outlook_->time_left_s ? candidate.quality : 0;
    if (previous) value -= std::abs(candidate.quality - *previous);
    if (depth + 1 == choices_.size() || choices_[depth + 1].empty()) return value + rest(elapsed);
    double best = -kInfinite;
    for (std::size_t next : choices_[depth + 1])
      best = std::max(best, row(depth + 1, next, elapsed, candidate.quality));
    return value + best;
  }

  // Of the segments beyond the horizon, and, as a tie-break, of being done early.
  [[nodiscard]] double rest(Elapsed elapsed) const {
    constexpr double kEarlier = 1e-6;
    const auto share = [&](double since_s, double needed_s) {
      const double left_s = std::max(0.0, outlook_->time_left_s - since_s);
      return needed_s > 0 ? std::min(1.0, left_s / needed_s) : 1.0;
    };
    const double fits =
        std::min(share(elapsed.arrived_s, later_.bytes / rate_), share(elapsed.decoded_s, later_.decode_s));
    return fits * later_.quality - kEarlier * elapsed.arrived_s;
  }

  const Outlook* outlook_ = nullptr;
  double rate_ = 0;
  std::vector<std::vector<std::size_t>> choices_;
  Later later_;
};

class Progressive final : public RatePolicy {
 public:
  std::size_t choose(const Outlook& outlook, Allowed all) override {
    const auto allowed = not_hopeless(outlook, all);
    std::size_t best = allowed.front();
    double best_worth = -1;
    double best_ready_s = 0;
    for (std::size_t i : allowed) {
      const Encoding& candidate = encoding(outlook, i);
      const double worth = worth_of(outlook, candidate);
      const double ready_s = outlook.mean_rate ? outlook.ready_s(candidate, *outlook.mean_rate) : 0;
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
    const double decode_s = outlook.decoded_s(candidate, to_seconds(candidate.encode));
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
