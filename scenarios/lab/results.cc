// SPDX-License-Identifier: MIT
#include "scenarios/lab/results.h"

#include <nlohmann/json.hpp>

#include "scenarios/program.h"

namespace kvferry {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const WireBytes& wire) {
  const auto& c = wire.classes;
  return {{"payload", c.payload},
          {"framing", c.framing},
          {"signalling", c.signalling},
          {"acks", c.acks},
          {"retransmitted", c.retransmitted},
          {"fec", c.fec},
          {"lower_layers", wire.lower_layers},
          {"total", wire.total}};
}

Json to_json(const StageTimes& t) {
  return {{"encode", t.encode},     {"queue", t.queue},
          {"transfer", t.transfer}, {"decode", t.decode},
          {"inject", t.inject},     {"prefill", t.prefill},
          {"generate", t.generate}, {"first_token", t.first_token()}};
}

Json to_json(const Quality& q) {
  return {{"f1", q.f1}, {"em", q.exact_match}, {"kld", q.kld}, {"top1", q.top1}, {"ppl_delta", q.ppl_delta}};
}

Json to_json(const TextOption& text) {
  Json out = {{"card_bytes", text.card_bytes},
              {"wire_total", text.wire_total},
              {"transfer", text.time_s.transfer},
              {"prefill", text.time_s.prefill},
              {"first_token", text.time_s.first_token()},
              {"break_even_prefill_tokens_per_s", nullptr}};
  if (text.break_even_prefill) out["break_even_prefill_tokens_per_s"] = *text.break_even_prefill;
  return out;
}

Json to_json(const TradeoffPlan& plan, const std::string& transport) {
  return {{"rate_mbps", plan.link.rate_mbps},
          {"rtt_ms", plan.link.rtt_ms},
          {"loss", plan.link.loss},
          {"queue_packets", plan.link.queue_packets},
          {"congestion", transport == "ns3-tcp" ? plan.tcp_congestion : plan.udp_congestion}};
}

}  // namespace

StageTimes card_times(const Profile& profile, const CardFacts& card, const Quality& quality,
                      double transfer_s) {
  const auto gigabytes = [](uint64_t bytes) { return static_cast<double>(bytes) * 1e-9; };
  StageTimes t;
  t.encode = gigabytes(card.kv_bytes_fp16) / profile.encode_gb_per_s;
  if (card.query_aware)
    t.encode += profile.prefill_s(quality.question_tokens);  // the source scores the question
  t.transfer = transfer_s;
  t.decode = gigabytes(card.kept_bytes_fp16) / profile.decode_gb_per_s;
  t.inject = gigabytes(card.kept_bytes_fp16) / profile.inject_gb_per_s;
  t.prefill = profile.prefill_s(quality.question_tokens);
  t.generate = profile.generate_s(quality.answer_tokens);
  return t;
}

StageTimes text_times(const Profile& profile, uint64_t tokens, const Quality& quality, double transfer_s) {
  StageTimes t;
  t.transfer = transfer_s;
  t.prefill = profile.prefill_s(static_cast<double>(tokens) + quality.question_tokens);
  t.generate = profile.generate_s(quality.answer_tokens);
  return t;
}

std::optional<double> break_even_prefill(uint64_t tokens, const StageTimes& card, const StageTimes& text) {
  // Reading the question costs both the same.
  const double head_start = card.first_token() - card.prefill - text.transfer;
  if (head_start <= 0) return std::nullopt;
  return static_cast<double>(tokens) / head_start;
}

std::string to_json_line(const RunLine& run) {
  const auto& plan = *run.plan;
  const auto& card = run.card;
  const auto goodput_mbps = static_cast<double>(card.card_bytes) * 8e-6 / run.transfer.complete_s;
  Json line = {{"scenario", plan.name},
               {"transport", run.transport},
               {"preset", card.preset},
               {"policy", "fixed"},
               {"seed", plan.seed},
               {"agents", 2},
               {"tokens", card.tokens},
               {"n_questions", run.quality.n_questions},
               {"quality_model", std::filesystem::path(plan.model).filename().string()},
               {"shape_model", plan.shape_model ? Json(plan.shape_model->name) : Json(nullptr)},
               {"profile", plan.profile.name},
               {"kv_bytes_fp16", card.kv_bytes_fp16},
               {"card_bytes", card.card_bytes},
               {"ratio", static_cast<double>(card.kv_bytes_fp16) / static_cast<double>(card.card_bytes)},
               {"nominal", card.nominal},
               {"wire", to_json(run.transfer.wire)},
               {"device_bytes", run.transfer.device_bytes},
               {"clock", "simulated"},
               {"time_s", to_json(run.time_s)},
               {"quality", to_json(run.quality)},
               {"deadline_s", nullptr},
               {"met_deadline", nullptr},
               {"levels", {card.chunks}},
               {"retransmissions", run.transfer.retransmissions},
               {"goodput_fraction", goodput_mbps / plan.link.rate_mbps},
               {"document", run.document},
               {"question", run.question ? Json(*run.question) : Json(nullptr)},
               {"kept_tokens", card.kept_tokens},
               {"pipeline", card.pipeline},
               {"card", run.transfer.card_digest},
               {"transfer_seed", run.transfer.seed},
               {"link", to_json(plan, run.transport)},
               {"text", to_json(run.text)},
               {"model_weights", run.model_weights},
               {"versions", {{"kvferry", kProgramVersion}, {"libtorch", run.libtorch}}}};
  return line.dump() + "\n";
}

}  // namespace kvferry
