// SPDX-License-Identifier: MIT
#include "scenarios/lab/adapt/rate_trace.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "protocol/base/rng.h"
#include "scenarios/lab/seeds.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

constexpr double kOpportunityBytes = 1500;

AdaptLink drawn(const std::string& name, uint64_t seed, int pieces, int piece_ms, auto&& next_mbps) {
  Rng rng(derived_seed(seed, name));
  std::vector<double> mbps;
  while (static_cast<int>(mbps.size()) < pieces) mbps.push_back(next_mbps(rng));
  return {name, RateTrace::from_rates(mbps, piece_ms)};
}

AdaptLink steps(uint64_t seed) {
  int left = 0;
  bool fast = false;
  return drawn("steps", seed, 1200, 100, [=](Rng& rng) mutable {
    if (left-- == 0) {
      fast = !fast;
      left = 20 + static_cast<int>(rng.below(60));
    }
    return fast ? 10.0 : 1.0;
  });
}

AdaptLink outages(uint64_t seed) {
  int left = 0;
  bool out = true;
  return drawn("outages", seed, 1200, 100, [=](Rng& rng) mutable {
    if (left-- == 0) {
      out = !out;
      left = out ? 10 + static_cast<int>(rng.below(31)) : 50 + static_cast<int>(rng.below(101));
    }
    return out ? 0.0 : 6.0;
  });
}

AdaptLink walk(uint64_t seed) {
  double position = std::log(5.0);
  return drawn("walk", seed, 240, 500, [=](Rng& rng) mutable {
    position = std::clamp(position + 0.4 * (2 * rng.uniform() - 1), std::log(0.5), std::log(20.0));
    return std::exp(position);
  });
}

AdaptLink cachegen(uint64_t seed) {
  auto link = drawn("cachegen", seed, 400, 5, [](Rng& rng) { return 100 + 9900 * rng.uniform(); });
  link.rtt_ms = 0.5;
  link.queue_packets = 1000;
  return link;
}

}  // namespace

RateTrace RateTrace::from_rates(const std::vector<double>& mbps, int piece_ms) {
  RateTrace out;
  double bytes = 0;
  uint64_t time_ms = 0;
  for (const double rate : mbps) {
    for (int i = 0; i < piece_ms; ++i, ++time_ms) {
      for (bytes += rate * 125; bytes >= kOpportunityBytes; bytes -= kOpportunityBytes)
        out.times_ms_.push_back(time_ms);
    }
  }
  out.times_ms_.push_back(time_ms);
  return out;
}

Result<RateTrace> RateTrace::read(const fs::path& file) {
  std::ifstream in(file);
  RateTrace out;
  for (uint64_t time_ms = 0; in >> time_ms;) {
    if (!out.times_ms_.empty() && time_ms < out.times_ms_.back())
      return Error{file.string() + ":" + std::to_string(out.times_ms_.size() + 1) +
                   ": expected times in order"};
    out.times_ms_.push_back(time_ms);
  }
  if (!in.eof() || out.times_ms_.empty() || out.times_ms_.back() == 0)
    return Error{file.string() + ":" + std::to_string(out.times_ms_.size() + 1) +
                 ": expected a number of milliseconds"};
  return out;
}

Result<void> RateTrace::write(const fs::path& file) const {
  std::ofstream out(file);
  for (const uint64_t time_ms : times_ms_) out << time_ms << '\n';
  if (!out.flush()) return Error{file.string() + ": cannot be written"};
  return {};
}

double RateTrace::mean_mbps() const {
  return static_cast<double>(times_ms_.size()) * kOpportunityBytes * 8e-6 / length_s();
}

double RateTrace::bytes_before(double end_s) const {
  const double rounds = std::floor(end_s / length_s());
  const double rest_ms = (end_s - rounds * length_s()) * 1e3;
  const auto within =
      std::lower_bound(times_ms_.begin(), times_ms_.end(), rest_ms,
                       [](uint64_t time, double limit) { return static_cast<double>(time) < limit; });
  return (rounds * static_cast<double>(times_ms_.size()) + static_cast<double>(within - times_ms_.begin())) *
         kOpportunityBytes;
}

double RateTrace::bytes_between(double begin_s, double end_s) const {
  return end_s <= begin_s ? 0 : bytes_before(end_s) - bytes_before(begin_s);
}

std::vector<AdaptLink> drawn_links(uint64_t seed) {
  return {steps(seed), outages(seed), walk(seed), cachegen(seed)};
}

Result<std::vector<AdaptLink>> recorded_links(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".down" || entry.path().extension() == ".up")
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<AdaptLink> links;
  for (const auto& file : files) {
    auto trace = RateTrace::read(file);
    if (!trace) return trace.error();
    links.push_back({file.filename().string(), std::move(*trace)});
  }
  return links;
}

}  // namespace kvferry
