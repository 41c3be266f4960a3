// SPDX-License-Identifier: MIT
#include "scenarios/lab/share/share_line.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "scenarios/lab/tables/bootstrap.h"
#include "scenarios/program.h"

namespace kvferry {
namespace {

using Json = nlohmann::ordered_json;

// Sums over documents of what their first agents have.
struct Totals {
  double documents = 0, agents = 0;
  double f1 = 0, worst_f1 = 0, exact_match = 0;
  std::vector<double> f1_sums, counts;  // of each document
  double shared_bytes = 0, own_bytes = 0, shared_cache = 0, own_cache = 0;
  Work shared, own;
  Fidelity fidelity;
  std::vector<double> answered_s;
};

// When each agent has its answer: the source does what it does for agents in their order, and each has a link
// of its own.
void add_times(const SharedDocument& document, const ShareTransfers& transfers, size_t agents,
               std::vector<double>& answered_s) {
  double source_s = document.source.processor_s;
  for (size_t k = 0; k < agents; ++k) {
    const auto& agent = document.agents[k];
    double at = document.card ? document.source.processor_s + transfers.shared_s : 0;
    source_s += agent.source.processor_s;
    if (agent.card) at = std::max(at, source_s);
    answered_s.push_back(at + transfers.own_s[k] + agent.agent.processor_s);
  }
}

void add(const SharedDocument& document, const ShareTransfers& transfers, size_t agents, Totals& totals) {
  totals.documents += 1;
  totals.shared_bytes += static_cast<double>(document.shared_bytes);
  totals.shared_cache += static_cast<double>(document.shared_cache_bytes);
  totals.shared += document.source;
  double worst = 1, f1 = 0;
  for (size_t k = 0; k < agents; ++k) {
    const auto& agent = document.agents[k];
    f1 += agent.score.f1;
    totals.exact_match += agent.score.exact_match;
    worst = std::min(worst, agent.score.f1);
    totals.fidelity += agent.fidelity;
    totals.own_bytes += static_cast<double>(agent.own_bytes);
    totals.own_cache += static_cast<double>(agent.own_cache_bytes);
    totals.own += agent.source;
    totals.own += agent.agent;
  }
  totals.f1 += f1;
  totals.agents += static_cast<double>(agents);
  totals.worst_f1 += worst;
  totals.f1_sums.push_back(f1);
  totals.counts.push_back(static_cast<double>(agents));
  add_times(document, transfers, agents, totals.answered_s);
}

Json distribution(std::vector<double> values) {
  std::ranges::sort(values);
  const auto at = [&](double share) {
    return values[static_cast<size_t>(std::ceil(share * static_cast<double>(values.size()))) - 1];
  };
  double sum = 0;
  for (const double value : values) sum += value;
  return {{"mean", sum / static_cast<double>(values.size())},
          {"p50", at(0.5)},
          {"p95", at(0.95)},
          {"p99", at(0.99)}};
}

double ppl_delta(const Fidelity& fidelity) {
  return std::exp((fidelity.nll_sum - fidelity.nll_full_sum) / static_cast<double>(fidelity.tokens)) - 1;
}

}  // namespace

std::string to_json_line(const ShareRun& run, size_t agents) {
  Totals t;
  double tokens = 0;
  for (size_t d = 0; d < run.documents.size(); ++d) {
    add(run.documents[d], run.transfers[d], agents, t);
    tokens += static_cast<double>(run.tokens[d]);
  }
  const double n = static_cast<double>(agents), docs = t.documents;
  const auto interval = bootstrap_ratio(t.f1_sums, t.counts, run.seed);
  const double shared = t.shared_bytes / docs, own = t.own_bytes / t.agents;
  const Json line = {
      {"table", "share"},
      {"model", run.model},
      {"set", run.set},
      {"strategy", to_string(run.strategy.way)},
      {"base", run.strategy.base},
      {"task", run.strategy.task},
      {"pipeline", run.pipeline},
      {"agents", agents},
      {"tokens", tokens / docs},
      {"f1", t.f1 / t.agents},
      {"f1_interval", {interval.low, interval.high}},
      {"f1_worst_agent", t.worst_f1 / docs},
      {"em", t.exact_match / t.agents},
      {"kl", t.fidelity.kl_sum / static_cast<double>(t.fidelity.tokens)},
      {"top1", static_cast<double>(t.fidelity.top1_agree) / static_cast<double>(t.fidelity.tokens)},
      {"ppl_delta", ppl_delta(t.fidelity)},
      {"shared_bytes", shared},
      {"own_bytes", own},
      {"total_bytes", {{"pool", shared + n * own}, {"apart", n * (shared + own)}}},
      {"marginal_bytes", {{"pool", own}, {"apart", shared + own}}},
      {"total_flops", (t.shared.flops + t.own.flops) / docs},
      {"marginal_flops", t.own.flops / t.agents},
      {"total_processor_s", (t.shared.processor_s + t.own.processor_s) / docs},
      {"marginal_processor_s", t.own.processor_s / t.agents},
      {"memory_bytes_per_reader",
       {{"pool", t.shared_cache / docs / n + t.own_cache / t.agents},
        {"apart", t.shared_cache / docs + t.own_cache / t.agents}}},
      {"time_to_answer_s", distribution(t.answered_s)},
      {"transport", run.transport},
      {"link", {{"rate_mbps", run.rate_mbps}, {"rtt_ms", run.rtt_ms}}},
      {"n_documents", run.documents.size()},
      {"seed", run.seed},
      {"model_weights", run.model_weights},
      {"versions", {{"kvferry", kProgramVersion}, {"libtorch", run.libtorch}}}};
  return line.dump() + "\n";
}

}  // namespace kvferry
