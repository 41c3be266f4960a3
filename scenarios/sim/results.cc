// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/results.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>

#include "protocol/card/card_file.h"

namespace kvferry::sim {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kLinesName = "transfers.jsonl";
constexpr const char* kCardsName = "arrived";

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json wire_json(const WireBytes& wire) {
  return {{"payload", wire.ours.payload},
          {"framing", wire.ours.framing},
          {"signalling", wire.ours.signalling},
          {"acks", wire.ours.acks},
          {"retransmitted", wire.ours.retransmitted},
          {"fec", wire.ours.fec},
          {"lower_layers", wire.lowerLayers},
          {"total", wire.GetTotal()}};
}

Json packets_json(const WirePackets& packets) {
  return {{"sent", packets.sent},
          {"lost", packets.droppedQueue + packets.droppedError},
          {"dropped_queue", packets.droppedQueue},
          {"dropped_error", packets.droppedError}};
}

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

Error failed(const fs::path& path, const std::string& doing, const std::error_code& why) {
  return {path.string() + ": cannot " + doing + ": " + why.message()};
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
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
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
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string summary_json(std::size_t transfers, std::size_t arrived, const std::string& lines_file) {
  const Json summary = {{"transfers", transfers}, {"arrived", arrived}, {"results", lines_file}};
  return summary.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<ResultsFolder> ResultsFolder::open(const fs::path& folder) {
  ResultsFolder results;
  std::error_code failure;
  results.folder_ = folder;
  results.made_folder_ = fs::create_directories(folder, failure);
  if (failure) return failed(folder, "make the folder", failure);
  const auto gathering = folder / (".gathering-" + std::to_string(getpid()));
  fs::create_directories(gathering / kCardsName, failure);
  if (failure) return failed(folder, "write into the folder", failure);
  results.gathering_ = gathering;
  results.lines_.open(gathering / kLinesName, std::ios::binary);
  return results;
}

ResultsFolder::ResultsFolder(ResultsFolder&& other) noexcept
    : folder_(std::move(other.folder_)),
      gathering_(std::exchange(other.gathering_, {})),
      made_folder_(std::exchange(other.made_folder_, false)),
      lines_(std::move(other.lines_)),
      count_(other.count_) {}

ResultsFolder::~ResultsFolder() {
  std::error_code ignored;
  if (!gathering_.empty()) fs::remove_all(gathering_, ignored);
  if (made_folder_) fs::remove(folder_, ignored);  // only if it is empty
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
  if (!lines_) return Error{(folder_ / kLinesName).string() + ": cannot write: disk full or not writable"};
  return {};
}

Result<void> ResultsFolder::commit() {
  lines_.close();
  if (!lines_) return Error{(folder_ / kLinesName).string() + ": cannot write: disk full or not writable"};
  std::error_code failure;
  fs::remove(folder_ / kLinesName, failure);
  if (!failure) fs::remove_all(folder_ / kCardsName, failure);
  if (!failure) fs::rename(gathering_ / kCardsName, folder_ / kCardsName, failure);
  if (!failure) fs::rename(gathering_ / kLinesName, folder_ / kLinesName, failure);
  if (failure) return failed(folder_, "put the results in place", failure);
  made_folder_ = false;
  return {};
}

}  // namespace kvferry::sim
