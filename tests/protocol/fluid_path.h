// SPDX-License-Identifier: MIT
//
// A path without packets for tests of rate control: bytes flow at a rate that is a function of time, news
// come a round trip later, and a segment is chosen as soon as the one before has left.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "protocol/rate/controller.h"

namespace kvferry::test {

struct FluidPath {
  std::function<double(double)> rate_bytes_per_s;  // at a time in seconds
  double rtt_s = 0.04;
  double step_s = 0.002;
  std::uint64_t news_every_bytes = 1;  // a peer that reports so rarely

  [[nodiscard]] Time at(double seconds) const {
    return time_from_ns(static_cast<std::int64_t>(seconds * 1e9));
  }

  struct Outcome {
    std::vector<double> finished_s;  // by segment; infinite if it was not sent or not in time
    double sent_bytes = 0;
  };

  // Runs a job to its end or until `until_s`.
  Outcome run(RateController& controller, double until_s) const {
    const auto& segments = controller.job().segments;
    Outcome out;
    out.finished_s.assign(segments.size(), 1e300);
    std::vector<std::pair<double, double>> arrivals;   // time, bytes delivered until then
    std::vector<std::pair<std::size_t, double>> ends;  // segment, its last byte in the row of all bytes
    double queued = 0, delivered = 0, reported = 0;
    std::size_t seen = 0, finished = 0;
    for (double t = 0; t < until_s; t += step_s) {
      const double moved = std::min(queued - delivered, rate_bytes_per_s(t) * step_s);
      delivered += moved;
      arrivals.emplace_back(t + rtt_s, delivered);
      while (finished < ends.size() && ends[finished].second <= delivered + 0.5)
        out.finished_s[ends[finished++].first] = t + rtt_s / 2;
      while (seen < arrivals.size() && arrivals[seen].first <= t) {
        const double news = arrivals[seen++].second;
        if (news >= reported + static_cast<double>(news_every_bytes) || news == queued) reported = news;
      }
      controller.observe(at(t), {static_cast<std::uint64_t>(reported), at(rtt_s) - Time{}, 0});
      while (queued - delivered < 1) {
        const auto choice = controller.next(at(t));
        if (!choice) break;
        if (!choice->encoding) continue;
        queued += static_cast<double>(choice->max_bytes);
        ends.emplace_back(choice->segment, queued);
      }
    }
    out.sent_bytes = queued;
    return out;
  }
};

// Segments of equal sizes in the same encodings: quality grows with bytes.
inline Job equal_job(std::size_t segments, std::vector<std::uint64_t> sizes) {
  std::sort(sizes.begin(), sizes.end());
  Job job;
  for (std::size_t i = 0; i < segments; ++i) {
    Segment segment;
    segment.document = "doc" + std::to_string(i);
    for (std::size_t level = 0; level < sizes.size(); ++level) {
      Encoding encoding;
      encoding.preset = "level" + std::to_string(level);
      encoding.bytes = sizes[level];
      encoding.quality = 1 - 0.5 / static_cast<double>(1u << level);
      segment.encodings.push_back(encoding);
    }
    job.segments.push_back(std::move(segment));
  }
  return job;
}

}  // namespace kvferry::test
