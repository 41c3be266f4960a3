// SPDX-License-Identifier: MIT
#include "scenarios/lab/tables/line.h"

#include <nlohmann/json.hpp>

#include "scenarios/program.h"

namespace kvferry {
namespace {

using Json = nlohmann::ordered_json;

Json interval(const Interval& interval) { return {interval.low, interval.high}; }

Json number(bool known, double value) { return known ? Json(value) : Json(nullptr); }

}  // namespace

std::string to_json_line(const TableLine& line) {
  const auto& s = line.summary;
  const auto& treatment = line.row.treatment;
  const bool card = s.card_bytes > 0;
  const bool foreign = treatment.way == Way::kForeign;
  const auto preset = parse_preset(treatment.pipeline);
  const Json out = {{"table", line.table},
                    {"model", line.model},
                    {"set", line.set},
                    {"series", line.row.series},
                    {"label", line.row.label},
                    {"x", line.row.x},
                    {"preset", foreign ? Json(nullptr) : Json(treatment.pipeline)},
                    {"pipeline", foreign || !preset ? Json(nullptr) : Json(to_string(*preset))},
                    {"query_aware", !foreign && preset && preset->is_query_aware()},
                    {"kv_bytes_fp16", s.full_bytes},
                    {"card_bytes", number(card, s.card_bytes)},
                    {"ratio", number(card, s.full_bytes / s.card_bytes)},
                    {"nominal", number(card, s.nominal)},
                    {"f1", s.f1},
                    {"f1_interval", interval(s.f1_interval)},
                    {"loss", s.loss},
                    {"loss_interval", interval(s.loss_interval)},
                    {"em", s.exact_match},
                    {"kl", s.kl},
                    {"top1", s.top1},
                    {"energy", number(line.energy.has_value(), line.energy.value_or(0))},
                    {"sender_f1", number(line.sender_f1.has_value(), line.sender_f1.value_or(0))},
                    {"n_questions", s.n_questions},
                    {"n_documents", s.n_documents},
                    {"seed", line.seed},
                    {"model_weights", line.model_weights},
                    {"versions", {{"kvferry", kProgramVersion}, {"libtorch", line.libtorch}}}};
  return out.dump() + "\n";
}

}  // namespace kvferry
