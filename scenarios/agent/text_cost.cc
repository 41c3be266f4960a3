// SPDX-License-Identifier: MIT
#include "scenarios/agent/text_cost.h"

namespace kvferry {
namespace {

// What comes in less time had been waiting in buffers behind the manifest.
constexpr Duration kShortest = milliseconds(1);

}  // namespace

Result<TextCost> text_cost(const Reader& reader, const Arrival& arrival, const Answer& answer) {
  const auto prefill = reader.time_prefill(arrival.manifest().token_count);
  if (!prefill) return prefill.error();
  const FetchReport& report = arrival.report;
  TextCost cost;
  cost.tokens = arrival.manifest().token_count;
  cost.text_bytes = static_cast<double>(cost.tokens) * reader.mean_token_bytes();
  cost.transfer = report.path.rtt.value_or(Duration{});
  if (report.chunk_data >= kShortest) {
    cost.rate_bytes_per_s = static_cast<double>(report.payload_bytes) / to_seconds(report.chunk_data);
    cost.transfer += from_seconds(cost.text_bytes / *cost.rate_bytes_per_s);
  }
  cost.prefill = *prefill;
  cost.first_token = report.connect + cost.transfer + cost.prefill + answer.first_token;
  return cost;
}

}  // namespace kvferry
