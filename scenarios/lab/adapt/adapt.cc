// SPDX-License-Identifier: MIT
#include "scenarios/lab/adapt/adapt.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "model/shipped_calibration.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/adapt/answers.h"
#include "scenarios/lab/adapt/job_runs.h"
#include "scenarios/lab/adapt/oracle.h"
#include "scenarios/lab/analysis.h"
#include "scenarios/lab/interrupt.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/scratch.h"
#include "scenarios/lab/seeds.h"
#include "scenarios/program.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kAnalysis = "analysis/adapt.py";
// From the fewest bytes on; those of the codec that keep the quality, and none.
const std::vector<std::string> kLevels = {"ferry-coarse", "ferry", "ferry-fine", "int4", "fp16"};
constexpr double kTimelineMultiple = 0.25;

std::vector<AdaptLink> links_of(const AdaptOptions& options) {
  auto links = drawn_links(options.seed);
  if (!options.traces.empty()) {
    auto recorded = value_or_fail(recorded_links(options.traces));
    if (recorded.empty())
      throw Failure(options.traces.string() + ": expected files that end in .down or .up");
    std::move(recorded.begin(), recorded.end(), std::back_inserter(links));
  }
  if (options.only.empty()) return links;
  std::vector<AdaptLink> some;
  for (const auto& name : options.only) {
    const auto found =
        std::find_if(links.begin(), links.end(), [&](auto& link) { return link.name == name; });
    if (found == links.end())
      throw UsageError("--link " + name + ": expected one of the links, such as " + links[0].name);
    some.push_back(std::move(*found));
  }
  return some;
}

bool adapts(const std::string& policy) { return !policy.starts_with("fixed:"); }

std::vector<JobOrder> order_runs(const AdaptOptions& options, const std::vector<AdaptLink>& links,
                                 uint64_t fp16_bytes) {
  std::vector<JobOrder> orders;
  for (size_t link = 0; link < links.size(); ++link) {
    const double fp16_s = static_cast<double>(fp16_bytes) * 8e-6 / links[link].trace.mean_mbps();
    for (const std::string transport : {"ns3-udp", "ns3-tcp"}) {
      for (const auto& policy : options.policies) {
        for (const bool text : {false, true}) {
          if (text && !(options.text && adapts(policy))) continue;
          for (const double multiple : options.deadlines) {
            for (int i = 0; i < options.offsets; ++i) {
              Rng rng(derived_seed(options.seed, links[link].name + std::to_string(i)));
              const double start_s = links[link].trace.length_s() * (i + rng.uniform()) / options.offsets;
              orders.push_back(
                  {link, transport, policy, text, multiple, multiple * fp16_s, start_s, rng.next() >> 12});
            }
          }
        }
      }
    }
  }
  return orders;
}

class Adaptation {
 public:
  Adaptation(const AdaptOptions& options, const Reader& reader, const Bundle& bundle, const Profile& profile,
             const std::vector<AdaptLink>& links)
      : options_(options), bundle_(bundle), profile_(profile), links_(links), answers_(reader, bundle) {}

  void run(const fs::path& folder) {
    orders_ = order_runs(options_, links_, bundle_.fp16_bytes);
    outcomes_ = value_or_fail(run_jobs(bundle_, profile_, links_, orders_, folder, options_.jobs));
    measure();
    Oracle oracle = make_oracle();
    std::ofstream out(folder / "results.jsonl");
    for (size_t i = 0; i < orders_.size(); ++i) out << line(i, oracle).dump() << '\n';
    if (!out.flush()) throw Failure((folder / "results.jsonl").string() + ": cannot be written");
    write_timeline(folder);
  }

 private:
  void measure() {
    std::set<Beginning> beginnings;
    for (const uint32_t cut : answers_.cuts()) beginnings.insert({std::nullopt, 0, cut});
    for (size_t d = 0; d < bundle_.documents.size(); ++d) {
      for (size_t l = 0; l < kLevels.size(); ++l)
        beginnings.insert({d, l, static_cast<uint32_t>(bundle_.documents[d].levels[l].chunks.size())});
    }
    for (size_t i = 0; i < orders_.size(); ++i) {
      for (size_t s = 0; s < outcomes_[i].segments.size(); ++s) {
        if (auto beginning = beginning_of(i, s)) beginnings.insert(*beginning);
      }
    }
    check_or_fail(answers_.measure_full(options_.jobs));
    check_or_fail(answers_.measure(beginnings, options_.jobs));
  }

  // Nothing for words, and for what did not come.
  [[nodiscard]] std::optional<Beginning> beginning_of(size_t run, size_t segment) const {
    const auto& outcome = outcomes_[run].segments[segment];
    if (outcome.preset.empty() || outcome.preset == "text" || outcome.prefix == 0) return std::nullopt;
    if (orders_[run].policy == "progressive") return answers_.of_bundle(outcome.prefix);
    const auto level = std::find(kLevels.begin(), kLevels.end(), outcome.preset) - kLevels.begin();
    return Beginning{segment, static_cast<size_t>(level), outcome.prefix};
  }

  [[nodiscard]] Worth worth_of(size_t run) const {
    Worth sum;
    const bool whole = orders_[run].policy == "progressive";
    for (size_t s = 0; s < outcomes_[run].segments.size(); ++s) {
      const auto& outcome = outcomes_[run].segments[s];
      Worth worth;
      if (outcome.preset == "text" && outcome.prefix > 0)
        worth = {whole ? answers_.full_f1() : answers_.full_f1(s), 1};
      if (const auto beginning = beginning_of(run, s)) worth = answers_.of(*beginning);
      sum.f1 += worth.f1;
      sum.answerable += worth.answerable;
    }
    const auto n = whole ? 1.0 : static_cast<double>(bundle_.documents.size());
    return {sum.f1 / n, sum.answerable / n};
  }

  [[nodiscard]] Oracle make_oracle() const {
    std::vector<OracleOption> beginnings;
    double bytes = 0;
    uint32_t at = 0;
    for (const uint32_t cut : answers_.cuts()) {
      while (at < cut) bytes += static_cast<double>(bundle_.progressive.chunks[at++].size());
      beginnings.push_back({bytes, answers_.of({std::nullopt, 0, cut}).f1});
    }
    std::vector<std::vector<OracleOption>> documents;
    for (size_t d = 0; d < bundle_.documents.size(); ++d) {
      auto& options = documents.emplace_back();
      for (size_t l = 0; l < kLevels.size(); ++l) {
        const auto& card = bundle_.documents[d].levels[l];
        options.push_back({static_cast<double>(card.manifest.payload_bytes()),
                           answers_.of({d, l, static_cast<uint32_t>(card.chunks.size())}).f1});
      }
      const auto& words = bundle_.documents[d].words;
      options.push_back({static_cast<double>(words.manifest.payload_bytes()), answers_.full_f1(d), true});
    }
    return Oracle(std::move(beginnings), documents);
  }

  // What may leave so that it answers a request and is there in time.
  [[nodiscard]] double oracle_bytes(size_t run) const {
    const auto& order = orders_[run];
    const auto& link = links_[order.link];
    const double half_s = link.rtt_ms * 1e-3 / 2;
    const double asked_s = order.start_s + outcomes_[run].connect_s;
    return link.trace.bytes_between(asked_s + half_s, asked_s + order.deadline_s - half_s);
  }

  [[nodiscard]] double oracle_f1(size_t run, const Oracle& oracle) const {
    const double bytes = oracle_bytes(run);
    if (!orders_[run].text) return oracle.best_f1(bytes, 0);
    double read_s = profile_.prefill_s(static_cast<double>(bundle_.words.manifest.token_count));
    read_s /= static_cast<double>(bundle_.documents.size());
    const double left_s = orders_[run].deadline_s - links_[orders_[run].link].rtt_ms * 1e-3;
    return oracle.best_f1(bytes, static_cast<std::size_t>(std::max(0.0, left_s / read_s)));
  }

  [[nodiscard]] Json line(size_t run, const Oracle& oracle) const {
    const auto& order = orders_[run];
    const auto& outcome = outcomes_[run];
    const auto worth = worth_of(run);
    uint64_t arrived = 0;
    for (const auto& segment : outcome.segments) arrived += segment.arrived_bytes;
    return {{"scenario", links_[order.link].name},
            {"transport", order.transport},
            {"policy", order.policy},
            {"text", order.text},
            {"seed", options_.seed},
            {"start_s", order.start_s},
            {"deadline", order.multiple},
            {"deadline_s", order.deadline_s},
            {"quality_model", options_.model},
            {"profile", profile_.name},
            {"kv_bytes_fp16", bundle_.fp16_bytes},
            {"mean_mbps", links_[order.link].trace.mean_mbps()},
            {"f1", worth.f1},
            {"f1_full", answers_.full_f1()},
            {"f1_oracle", oracle_f1(run, oracle)},
            {"answerable", worth.answerable},
            {"arrived_bytes", arrived},
            {"oracle_bytes", oracle_bytes(run)},
            {"wire_bytes", outcome.wire_bytes},
            {"complete_s", outcome.complete_s ? Json(*outcome.complete_s) : Json(nullptr)}};
  }

  // How much the rate changes halfway, as a factor.
  [[nodiscard]] double turn_of(const JobOrder& order) const {
    const auto& trace = links_[order.link].trace;
    const double half_s = order.deadline_s / 2;
    const double first = trace.bytes_between(order.start_s, order.start_s + half_s) + 1;
    const double second = trace.bytes_between(order.start_s + half_s, order.start_s + 2 * half_s) + 1;
    return std::max(first / second, second / first);
  }

  // Of the runs on the first link the one whose rate changes most.
  [[nodiscard]] const JobOrder* order_to_show(const std::string& policy) const {
    const JobOrder* found = nullptr;
    for (const auto& order : orders_) {
      if (order.policy != policy || order.text || order.link != 0 || order.transport != "ns3-udp") continue;
      if (order.multiple != kTimelineMultiple && options_.deadlines.size() > 2) continue;
      if (!found || turn_of(order) > turn_of(*found)) found = &order;
    }
    return found;
  }

  [[nodiscard]] Json timeline_of(const JobOrder& order, const fs::path& folder) const {
    constexpr int kPieces = 60;
    const auto& link = links_[order.link];
    Json one = {{"policy", order.policy}, {"scenario", link.name}, {"deadline_s", order.deadline_s}};
    one["run"] = Json::parse(value_or_fail(trace_job(bundle_, profile_, links_, order, folder)));
    const double asked_s = order.start_s + one["run"]["time_s"]["connect"].get<double>();
    const double piece_s = order.deadline_s / kPieces;
    for (int i = 0; i < kPieces; ++i) {
      const double begin_s = asked_s + i * piece_s;
      const double bytes = link.trace.bytes_between(begin_s, begin_s + piece_s);
      one["rate"].push_back({{"time_s", i * piece_s}, {"mbps", bytes * 8e-6 / piece_s}});
    }
    for (const uint32_t cut : answers_.cuts())
      one["worth"].push_back({{"chunks", cut}, {"f1", answers_.of({std::nullopt, 0, cut}).f1}});
    for (size_t d = 0; d < bundle_.documents.size(); ++d) {
      for (size_t l = 0; l < kLevels.size(); ++l) {
        const auto chunks = static_cast<uint32_t>(bundle_.documents[d].levels[l].chunks.size());
        one["documents"][d][kLevels[l]] = answers_.of({d, l, chunks}).f1;
      }
    }
    return one;
  }

  // One transfer, as the progressive policy and as MPC make it, with the link's rate beside it.
  void write_timeline(const fs::path& folder) const {
    Json out = Json::array();
    for (const std::string policy : {"progressive", "mpc"}) {
      if (const auto* order = order_to_show(policy)) out.push_back(timeline_of(*order, folder));
    }
    std::ofstream(folder / "timeline.json") << out.dump() << '\n';
  }

  const AdaptOptions& options_;
  const Bundle& bundle_;
  const Profile& profile_;
  const std::vector<AdaptLink>& links_;
  BundleAnswers answers_;
  std::vector<JobOrder> orders_;
  std::vector<JobOutcome> outcomes_;
};

}  // namespace

void run_adapt(const AdaptOptions& options) {
  (void)value_or_fail(find_data(kAnalysis));
  (void)value_or_fail(find_program("kvferry-sim"));
  const auto links = links_of(options);
  const auto profile = value_or_fail(find_profile(options.profile));
  use_one_thread();
  const auto folder = value_or_fail(find_model(options.model));
  const auto reader = value_or_fail(Reader::open(folder));
  const Scratch scratch(options.out);
  watch_interrupts();
  BundleSpec spec;
  spec.documents = options.documents;
  spec.document = {.facts = 8, .words = options.words, .paraphrased = true};
  spec.levels = kLevels;
  const auto bundle = value_or_fail(
      make_bundle(reader, spec, value_or_fail(find_calibration({}, folder)), options.seed, options.jobs));
  Adaptation(options, reader, bundle, profile, links).run(scratch.folder());
  run_analysis(kAnalysis, {(scratch.folder() / "results.jsonl").string(), "--out", scratch.folder().string()},
               scratch.folder());
  scratch.keep({"results.jsonl", "timeline.json", "adapt.md", "adapt.png", "timeline.png"});
}

}  // namespace kvferry
