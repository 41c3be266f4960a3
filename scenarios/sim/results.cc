// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/results.h"

#include <nlohmann/json.hpp>
#include <set>

#include "protocol/card/card_file.h"
#include "scenarios/sim/json.h"

namespace kvferry::sim {
namespace fs = std::filesystem;
namespace {

constexpr const char* kLinesName = "transfers.jsonl";
constexpr const char* kCardsName = "arrived";

Json chunks_json(const std::vector<ChunkArrival>& chunks) {
  Json out = Json::array();
  for (const auto& chunk : chunks)
    out.push_back({{"index", chunk.index}, {"size_bytes", chunk.size_bytes}, {"time_s", chunk.time_s}});
  return out;
}

// How many chunks are here of those that the table begins with.
std::uint32_t prefix_of(const std::vector<ChunkArrival>& chunks) {
  std::set<std::uint32_t> here;
  for (const auto& chunk : chunks) here.insert(chunk.index);
  std::uint32_t prefix = 0;
  while (here.contains(prefix)) ++prefix;
  return prefix;
}

Json segment_json(const SegmentResult& segment, bool with_chunks) {
  std::uint64_t arrived_bytes = 0;
  for (const auto& chunk : segment.chunks) arrived_bytes += chunk.size_bytes;
  const bool whole = segment.chunk_count > 0 && segment.chunks.size() == segment.chunk_count;
  Json line = {{"document", segment.document},
               {"preset", segment.preset},
               {"chosen_s", or_null(segment.chosen_s)},
               {"estimate_mbps", or_null(segment.estimate_mbps)},
               {"bytes", segment.bytes},
               {"chunks", segment.chunk_count},
               {"arrived", segment.chunks.size()},
               {"arrived_bytes", arrived_bytes},
               {"prefix", prefix_of(segment.chunks)},
               {"complete_s", whole ? Json(segment.chunks.back().time_s) : Json(nullptr)}};
  if (with_chunks) line["arrivals"] = chunks_json(segment.chunks);
  return line;
}

}  // namespace

std::string result_line(const TransferPlan& transfer, const TransferResult& result,
                        const std::string& arrived, bool with_chunks) {
  Json line = {{"id", transfer.id},     {"transport", to_string(transfer.transport)},
               {"seed", transfer.seed}, {"card", result.card.hex()},
               {"ok", result.ok},       {"reason", result.reason}};
  line["time_s"] = {{"connect", or_null(result.connect_s)},
                    {"first_chunk", or_null(result.first_chunk_s)},
                    {"complete", or_null(result.complete_s)},
                    {"confirmed", or_null(result.confirmed_s)}};
  line["wire"] = wire_json(result.wire);
  line["device_bytes"] = result.device_bytes;
  line["packets"] = packets_json(result.packets);
  line["retransmissions"] = result.packets.retransmissions;
  line["rtt_s"] = or_null(result.rtt_s);
  line["goodput_mbps"] = or_null(result.goodput_mbps);
  line["arrived"] = arrived.empty() ? Json(nullptr) : Json(arrived);
  if (with_chunks) line["chunks"] = chunks_json(result.chunks);
  return text_of(line);
}

std::string job_line(const TransferPlan& transfer, const JobResult& result, bool with_chunks) {
  Json line = {{"id", transfer.id},
               {"transport", to_string(transfer.transport)},
               {"seed", transfer.seed},
               {"policy", transfer.policy},
               {"text", transfer.text_allowed},
               {"deadline_s", or_null(transfer.deadline_s)},
               {"ok", result.reason.empty()},
               {"reason", result.reason}};
  line["time_s"] = {{"connect", or_null(result.connect_s)}, {"complete", or_null(result.complete_s)}};
  line["wire"] = wire_json(result.wire);
  line["device_bytes"] = result.device_bytes;
  line["packets"] = packets_json(result.packets);
  line["retransmissions"] = result.packets.retransmissions;
  line["segments"] = Json::array();
  for (const auto& segment : result.segments) line["segments"].push_back(segment_json(segment, with_chunks));
  if (with_chunks) {
    line["estimates"] = Json::array();
    for (const auto& [time_s, mbps] : result.estimates)
      line["estimates"].push_back({{"time_s", time_s}, {"mbps", mbps}});
  }
  return text_of(line);
}

std::string summary_json(const std::string& what, std::size_t count, const std::string& how, std::size_t good,
                         const std::string& lines_file) {
  const Json summary = {{what, count}, {how, good}, {"results", lines_file}};
  return text_of(summary);
}

Result<ResultsFolder> ResultsFolder::open(const fs::path& folder) {
  auto gathering = Gathering::open(folder);
  if (!gathering) return gathering.error();
  if (auto made = gathering->make_folder(kCardsName); !made) return made.error();
  ResultsFolder results(std::move(*gathering));
  results.lines_.open(results.gathering_ / kLinesName, std::ios::binary);
  return results;
}

Result<void> ResultsFolder::add(const TransferPlan& transfer, const TransferResult& result,
                                bool with_chunks) {
  std::string arrived;
  if (result.arrived) {
    arrived = std::string(kCardsName) + "/" + std::to_string(count_) + ".card";
    if (auto written = write_card_file(gathering_ / arrived, *result.arrived); !written) return written;
  }
  return add_line(result_line(transfer, result, arrived, with_chunks));
}

Result<void> ResultsFolder::add(const TransferPlan& transfer, const JobResult& result, bool with_chunks) {
  return add_line(job_line(transfer, result, with_chunks));
}

Result<void> ResultsFolder::add_line(const std::string& line) {
  ++count_;
  lines_ << line << '\n';
  if (!lines_) return gathering_.cannot_write(kLinesName);
  return {};
}

Result<void> ResultsFolder::commit() {
  lines_.close();
  if (!lines_) return gathering_.cannot_write(kLinesName);
  return gathering_.commit({kCardsName, kLinesName});
}

}  // namespace kvferry::sim
