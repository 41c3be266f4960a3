// SPDX-License-Identifier: GPL-2.0-only
//
// Recorded capacity of a link in mahimahi's format: a line for each time, in milliseconds, at which up to
// 1,500 bytes may leave; a time that repeats allows several. The trace starts again when it ends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace kvferry::sim {

class KvDeliveryTrace {
 public:
  static constexpr uint64_t kOpportunityBytes = 1500;
  static constexpr size_t kMaxOpportunities = 50'000'000;

  // Milliseconds, never descending; the last is above 0, and is the trace's length.
  [[nodiscard]] static Result<KvDeliveryTrace> FromTimes(std::vector<uint64_t> times_ms);
  // One number a line. The error names file and line.
  [[nodiscard]] static Result<KvDeliveryTrace> Read(const std::filesystem::path& file);

  // Opportunities are numbered from 0, over all repetitions.
  [[nodiscard]] Duration TimeOf(uint64_t opportunity) const;
  // The first at `time` or later.
  [[nodiscard]] uint64_t FirstAt(Duration time) const;

  [[nodiscard]] Duration GetLength() const { return std::chrono::milliseconds(m_times_ms.back()); }
  [[nodiscard]] size_t GetCount() const { return m_times_ms.size(); }
  [[nodiscard]] double GetMeanRateBps() const;
  // How many bytes may leave from `begin` on, before `end`.
  [[nodiscard]] uint64_t GetBytesBetween(Duration begin, Duration end) const;

 private:
  explicit KvDeliveryTrace(std::vector<uint64_t> times_ms) : m_times_ms(std::move(times_ms)) {}
  std::vector<uint64_t> m_times_ms;
};

}  // namespace kvferry::sim
