// SPDX-License-Identifier: MIT
//
// Capacity of a link over time, as mahimahi writes it: a line for each time, in milliseconds, at which up to
// 1,500 bytes may leave. It starts again when it ends. Drawn here, or recorded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace kvferry {

class RateTrace {
 public:
  // Mbit/s, piece after piece of `piece_ms`.
  [[nodiscard]] static RateTrace from_rates(const std::vector<double>& mbps, int piece_ms);
  [[nodiscard]] static Result<RateTrace> read(const std::filesystem::path& file);
  [[nodiscard]] Result<void> write(const std::filesystem::path& file) const;

  [[nodiscard]] double length_s() const { return static_cast<double>(times_ms_.back()) * 1e-3; }
  [[nodiscard]] double mean_mbps() const;
  // That may leave from one time to another, repetitions included.
  [[nodiscard]] double bytes_between(double begin_s, double end_s) const;

 private:
  [[nodiscard]] double bytes_before(double end_s) const;
  std::vector<uint64_t> times_ms_;
};

// A link that adaptation is tried on.
struct AdaptLink {
  std::string name;
  RateTrace trace;
  double rtt_ms = 40;
  int queue_packets = 100;
};

// Drawn from the seed: "steps" between 10 and 1 Mbit/s, "outages" of 6 Mbit/s for one to four seconds, a
// random "walk" between 0.5 and 20 Mbit/s, and "cachegen": uniform between 0.1 and 10 Gbit/s, anew every 5
// ms, as CacheGen draws for every chunk.
[[nodiscard]] std::vector<AdaptLink> drawn_links(uint64_t seed);

// Every *.down and *.up file of a folder, by name; empty where there is no such folder.
[[nodiscard]] Result<std::vector<AdaptLink>> recorded_links(const std::filesystem::path& folder);

}  // namespace kvferry
