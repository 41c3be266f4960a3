// SPDX-License-Identifier: MIT
#include "tests/netem/link_report.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace kvferry::netem {
namespace {

using Json = nlohmann::ordered_json;

Json counts_json(const LinkCounts& counts) {
  return {{"sent", counts.sent},
          {"too_large", counts.too_large},
          {"queue_full", counts.queue_full},
          {"in_hole", counts.in_hole},
          {"lost", counts.lost},
          {"corrupted", counts.corrupted},
          {"duplicated", counts.duplicated},
          {"reordered", counts.reordered},
          {"delivered", counts.delivered}};
}

}  // namespace

Result<void> write_link_report(const std::string& file, const LinkReport& report) {
  const Lateness& late = report.late;
  const Json json = {
      {"up", counts_json(report.up)},
      {"down", counts_json(report.down)},
      {"first_packet_s", report.first_packet ? Json(to_seconds(*report.first_packet)) : Json(nullptr)},
      {"late_ms",
       {{"median", late.quantile_ms(0.5)}, {"p99", late.quantile_ms(0.99)}, {"most", late.most_ms()}}}};
  std::ofstream out(file);
  out << json.dump() << '\n';
  if (!out.flush()) return Error{file + ": cannot be written"};
  return {};
}

}  // namespace kvferry::netem
