// SPDX-License-Identifier: MIT
#include "scenarios/lab/adapt/job_runs.h"

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "protocol/card/card_file.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/transfers.h"
#include "scenarios/process.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr size_t kOrdersAtOnce = 400;
constexpr const char* kProgressive = "progressive";

std::string quoted(const std::string& text) { return json(text).dump(); }
std::string number(double value) { return json(value).dump(); }

class JobPlans {
 public:
  JobPlans(const Bundle& bundle, const Profile& profile, const std::vector<AdaptLink>& links, fs::path folder)
      : bundle_(bundle), profile_(profile), links_(links), folder_(std::move(folder)) {}

  [[nodiscard]] Result<void> write_files() {
    fs::create_directories(folder_ / "cards");
    jobs_ << "\n[[job]]\nid = \"levels\"\n";
    for (size_t d = 0; d < bundle_.documents.size(); ++d) {
      const auto& document = bundle_.documents[d];
      begin_segment("doc" + std::to_string(d));
      for (size_t l = 0; l < document.levels.size(); ++l) {
        auto added = add(bundle_.spec.levels[l], document.levels[l]);
        if (!added) return added;
      }
      if (auto added = add("text", document.words); !added) return added;
    }
    jobs_ << "\n[[job]]\nid = \"whole\"\n";
    begin_segment("bundle");
    if (auto added = add(kProgressive, bundle_.progressive); !added) return added;
    if (auto added = add("text", bundle_.words); !added) return added;
    for (size_t i = 0; i < links_.size(); ++i) {
      if (auto written = links_[i].trace.write(folder_ / trace_name(i)); !written) return written;
    }
    return {};
  }

  // All of one link.
  [[nodiscard]] std::string plan(std::span<const JobOrder> orders) const {
    const auto& link = links_[orders.front().link];
    std::ostringstream out;
    out << "[link]\ntrace = " << quoted(trace_name(orders.front().link))
        << "\nrtt_ms = " << number(link.rtt_ms) << "\nqueue_packets = " << link.queue_packets << '\n'
        << jobs_.str();
    for (size_t i = 0; i < orders.size(); ++i) {
      const auto& order = orders[i];
      out << "\n[[transfer]]\nid = \"" << i
          << "\"\njob = " << (order.policy == kProgressive ? "\"whole\"" : "\"levels\"")
          << "\npolicy = " << quoted(order.policy) << "\ntext = " << (order.text ? "true" : "false")
          << "\ntransport = " << quoted(order.transport) << "\nseed = " << order.seed
          << "\ndeadline_s = " << number(order.deadline_s) << "\ntrace_start_s = " << number(order.start_s)
          << '\n';
    }
    return out.str();
  }

 private:
  [[nodiscard]] static std::string trace_name(size_t link) {
    return "link" + std::to_string(link) + ".trace";
  }

  void begin_segment(const std::string& document) {
    jobs_ << "\n[[job.segment]]\ndocument = " << quoted(document) << '\n';
  }

  // Raw caches are copied as they come; words have to be read.
  [[nodiscard]] double decode_s(const std::string& preset, const Manifest& manifest) const {
    if (preset == "fp16") return 0;
    if (preset == "text") return profile_.prefill_s(static_cast<double>(manifest.token_count));
    return static_cast<double>(manifest.raw_bytes) / (profile_.decode_gb_per_s * 1e9);
  }

  [[nodiscard]] Result<void> add(const std::string& preset, const Card& card) {
    const auto name = "cards/" + std::to_string(cards_++) + ".card";
    jobs_ << "[[job.segment.encoding]]\npreset = " << quoted(preset) << "\ncard = " << quoted(name)
          << "\ndecode_s = " << number(decode_s(preset, card.manifest)) << '\n';
    return write_card_file(folder_ / name, card);
  }

  const Bundle& bundle_;
  const Profile& profile_;
  const std::vector<AdaptLink>& links_;
  fs::path folder_;
  std::ostringstream jobs_;
  size_t cards_ = 0;
};

JobOutcome parse_outcome(const json& line) {
  JobOutcome out;
  const auto& times = line.at("time_s");
  if (!times.at("connect").is_null()) times.at("connect").get_to(out.connect_s);
  if (!times.at("complete").is_null()) out.complete_s = times.at("complete").get<double>();
  line.at("wire").at("total").get_to(out.wire_bytes);
  for (const auto& segment : line.at("segments")) {
    out.segments.push_back({segment.at("preset"), segment.at("chunks"), segment.at("arrived"),
                            segment.at("prefix"), segment.at("arrived_bytes")});
  }
  return out;
}

Result<void> read_outcomes(const fs::path& file, std::vector<JobOutcome>& out) {
  std::ifstream in(file);
  if (!in) return Error{file.string() + ": cannot be opened"};
  for (std::string line; std::getline(in, line);) {
    try {
      out.push_back(parse_outcome(json::parse(line)));
    } catch (const json::exception& error) {
      return Error{file.string() + ": expected the line of a job: " + error.what()};
    }
  }
  return {};
}

}  // namespace

Result<std::vector<JobOutcome>> run_jobs(const Bundle& bundle, const Profile& profile,
                                         const std::vector<AdaptLink>& links,
                                         const std::vector<JobOrder>& orders, const fs::path& folder,
                                         int jobs) {
  JobPlans maker(bundle, profile, links, folder);
  if (auto written = maker.write_files(); !written) return written.error();
  std::vector<std::string> plans;
  for (size_t begin = 0; begin < orders.size();) {
    size_t end = begin + 1;
    while (end < orders.size() && end - begin < kOrdersAtOnce && orders[end].link == orders[begin].link)
      ++end;
    plans.push_back(maker.plan(std::span(orders).subspan(begin, end - begin)));
    begin = end;
  }
  if (auto done = run_simulators(plans, folder, jobs); !done) return done.error();
  std::vector<JobOutcome> outcomes;
  for (size_t i = 0; i < plans.size(); ++i) {
    auto read = read_outcomes(folder / ("sim-" + std::to_string(i)) / "transfers.jsonl", outcomes);
    if (!read) return read.error();
  }
  if (outcomes.size() != orders.size())
    return Error{"kvferry-sim: " + std::to_string(outcomes.size()) + " results of " +
                 std::to_string(orders.size())};
  return outcomes;
}

Result<std::string> trace_job(const Bundle& bundle, const Profile& profile,
                              const std::vector<AdaptLink>& links, const JobOrder& order,
                              const fs::path& folder) {
  JobPlans maker(bundle, profile, links, folder);
  if (auto written = maker.write_files(); !written) return written.error();
  const auto plan_file = folder / "traced.toml";
  std::ofstream(plan_file) << maker.plan({&order, 1});
  const auto program = find_program("kvferry-sim");
  if (!program) return program.error();
  auto child = ChildProcess::start(
      {program->string(), plan_file.string(), "--chunks", "--out", (folder / "traced").string()},
      folder / "traced.err", "/dev/null");
  if (!child) return child.error();
  if (auto done = child->wait(); !done) return done.error();
  std::ifstream in(folder / "traced" / "transfers.jsonl");
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace kvferry
