// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-delivery-trace.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>

namespace kvferry::sim {

Result<KvDeliveryTrace> KvDeliveryTrace::FromTimes(std::vector<uint64_t> times_ms) {
  if (times_ms.empty() || times_ms.back() == 0) {
    return Error{"no time above 0, expected at least one: the last is the trace's length"};
  }
  if (!std::is_sorted(times_ms.begin(), times_ms.end()))
    return Error{"times descend, expected them in order"};
  return KvDeliveryTrace(std::move(times_ms));
}

Result<KvDeliveryTrace> KvDeliveryTrace::Read(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return Error{file.string() + ": cannot read, expected a trace"};
  constexpr uint64_t kLatest_ms = uint64_t{1} << 40;
  std::vector<uint64_t> times;
  std::string line;
  while (std::getline(in, line)) {
    const auto where = file.string() + ':' + std::to_string(times.size() + 1) + ": ";
    uint64_t time = 0;
    const auto* const end = line.data() + line.size();
    const auto [stop, error] = std::from_chars(line.data(), end, time);
    if (error != std::errc() || stop != end || time > kLatest_ms) {
      return Error{where + "expected a time in milliseconds"};
    }
    if (!times.empty() && time < times.back()) {
      return Error{where + std::to_string(time) + " after " + std::to_string(times.back()) +
                   ", expected times in order"};
    }
    if (times.size() == kMaxOpportunities) return Error{where + "expected at most 50,000,000 lines"};
    times.push_back(time);
  }
  auto trace = FromTimes(std::move(times));
  if (!trace) return trace.error().in(file.string());
  return trace;
}

Duration KvDeliveryTrace::TimeOf(uint64_t opportunity) const {
  const auto round = opportunity / m_times_ms.size();
  const auto time_ms = round * m_times_ms.back() + m_times_ms[opportunity % m_times_ms.size()];
  return std::chrono::milliseconds(time_ms);
}

uint64_t KvDeliveryTrace::FirstAt(Duration time) const {
  if (time <= Duration(0)) return 0;
  // The last time of one round is the beginning of the next: what stands at 0 comes at the same time.
  const auto length = GetLength();
  const auto round = static_cast<uint64_t>((time - Duration(1)) / length);
  const auto into = time - static_cast<int64_t>(round) * length;
  const auto found = std::lower_bound(
      m_times_ms.begin(), m_times_ms.end(), into,
      [](uint64_t at, Duration limit) { return Duration(std::chrono::milliseconds(at)) < limit; });
  return round * m_times_ms.size() + static_cast<uint64_t>(found - m_times_ms.begin());
}

double KvDeliveryTrace::GetMeanRateBps() const {
  const auto bits = static_cast<double>(8 * kOpportunityBytes * m_times_ms.size());
  return bits * 1e3 / static_cast<double>(m_times_ms.back());
}

uint64_t KvDeliveryTrace::GetBytesBetween(Duration begin, Duration end) const {
  return end <= begin ? 0 : kOpportunityBytes * (FirstAt(end) - FirstAt(begin));
}

}  // namespace kvferry::sim
