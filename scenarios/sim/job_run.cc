// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/job_run.h"

#include <ns3/simulator.h>
#include <ns3/uinteger.h>

#include <algorithm>

#include "scenarios/sim/network.h"

namespace kvferry::sim {
namespace {

constexpr double kTimeLimit_s = 3600;
constexpr double kLeastWait_s = 120;
constexpr double kEstimateEvery_s = 0.02;

double now_s() { return ns3::Simulator::Now().GetSeconds(); }

class JobRun {
 public:
  JobRun(const SimPlan& plan, const TransferPlan& transfer, const LoadedJob& job, bool with_estimates);
  JobResult run();

 private:
  void wait_for_the_deadline();
  void install_source();
  void install_reader();
  [[nodiscard]] std::unique_ptr<AdaptiveSource> make_source() const;
  void note_choices();
  void note_estimate();
  [[nodiscard]] const Choice* choice_of(std::uint32_t segment) const;
  [[nodiscard]] double decode_s(std::uint32_t segment) const;  // of one of its chunks

  void handle_connected();
  void handle_chunk(std::uint32_t request, std::uint32_t index, std::uint64_t size_bytes);
  void handle_complete() { result_.complete_s = now_s() - *result_.connect_s; }
  void handle_closed(const std::string&) const { ns3::Simulator::Stop(); }

  const TransferPlan& transfer_;
  const LoadedJob& job_;
  const bool with_estimates_;
  Network network_;
  KvAgentHelper helper_;
  ns3::Ptr<KvSource> source_;
  ns3::Ptr<KvReader> reader_;
  double decoded_s_ = 0;  // when the decoder will be done with what has come
  JobResult result_;
};

JobRun::JobRun(const SimPlan& plan, const TransferPlan& transfer, const LoadedJob& job, bool with_estimates)
    : transfer_(transfer),
      job_(job),
      with_estimates_(with_estimates),
      network_(plan, transfer.seed, transfer.trace_start_s.value_or(plan.link.trace_start_s)),
      helper_(network_.agents(transfer.transport)) {
  for (const Segment& segment : job.job.segments)
    result_.segments.push_back({segment.document, {}, {}, {}, 0, 0, {}});
  wait_for_the_deadline();
  install_source();
  install_reader();
}

// Segments wait for those before them, and links may be away for long: only the deadline ends a job.
void JobRun::wait_for_the_deadline() {
  const double wait_s = std::max(transfer_.deadline_s.value_or(0), kLeastWait_s);
  for (const auto* timeout : {"HandshakeTimeout", "IdleTimeout", "GiveUpTimeout"})
    helper_.SetAttribute(timeout, ns3::TimeValue(ns3::Seconds(wait_s)));
}

std::unique_ptr<AdaptiveSource> JobRun::make_source() const {
  Job job = job_.job;
  job.text_allowed = transfer_.text_allowed;
  return std::make_unique<AdaptiveSource>(
      RateController(std::move(job), std::move(*make_policy(transfer_.policy))), job_.cards);
}

void JobRun::install_source() {
  source_ = helper_.InstallSource(network_.source_node());
  source_->SetAttribute("Seed", ns3::UintegerValue(2 * transfer_.seed));
  source_->SetJob([this] { return make_source(); });
  KvAgentHelper::AssignStreams(source_, 10);
}

void JobRun::install_reader() {
  reader_ = helper_.InstallReader(network_.reader_node(), network_.source_address());
  reader_->SetAttribute("Seed", ns3::UintegerValue(2 * transfer_.seed + 1));
  reader_->TraceConnectWithoutContext("Connected", ns3::MakeCallback(&JobRun::handle_connected, this));
  reader_->TraceConnectWithoutContext("ChunkArrived", ns3::MakeCallback(&JobRun::handle_chunk, this));
  reader_->TraceConnectWithoutContext("TransferComplete", ns3::MakeCallback(&JobRun::handle_complete, this));
  reader_->TraceConnectWithoutContext("Closed", ns3::MakeCallback(&JobRun::handle_closed, this));
  KvAgentHelper::AssignStreams(reader_, 12);
  for (const Segment& segment : job_.job.segments) {
    RequestOptions request;
    request.document = segment.document;
    if (transfer_.deadline_s) request.deadline = from_seconds(*transfer_.deadline_s);
    reader_->AddRequest(request, std::make_shared<CardSink>());
  }
}

void JobRun::handle_connected() {
  result_.connect_s = now_s();
  if (transfer_.deadline_s) ns3::Simulator::Stop(ns3::Seconds(*transfer_.deadline_s));
  if (with_estimates_) note_estimate();
}

const Choice* JobRun::choice_of(std::uint32_t segment) const {
  const auto* source = source_->GetAdaptiveSource(0);
  if (!source || segment >= source->controller().choices().size()) return nullptr;
  const Choice& choice = source->controller().choices()[segment];
  return choice.encoding ? &choice : nullptr;
}

double JobRun::decode_s(std::uint32_t segment) const {
  const Choice* choice = choice_of(segment);
  if (!choice) return 0;
  const auto& encoding = job_.job.segments[segment].encodings[*choice->encoding];
  const auto chunks = job_.cards[segment][*choice->encoding]->manifest().chunks.size();
  return to_seconds(encoding.decode) / static_cast<double>(chunks);
}

void JobRun::handle_chunk(std::uint32_t request, std::uint32_t index, std::uint64_t size_bytes) {
  const double since_s = now_s() - *result_.connect_s;
  decoded_s_ = std::max(decoded_s_, since_s) + decode_s(request);
  if (transfer_.deadline_s && decoded_s_ > *transfer_.deadline_s) return;
  result_.segments.at(request).chunks.push_back({index, size_bytes, since_s});
}

void JobRun::note_estimate() {
  const auto* source = source_->GetAdaptiveSource(0);
  const auto rate = source ? source->controller().rate().harmonic_mean() : std::nullopt;
  if (rate) result_.estimates.push_back({now_s() - *result_.connect_s, *rate * 8e-6});
  ns3::Simulator::Schedule(ns3::Seconds(kEstimateEvery_s), &JobRun::note_estimate, this);
}

void JobRun::note_choices() {
  const auto* source = source_->GetAdaptiveSource(0);
  if (!source) return;
  for (const Choice& choice : source->controller().choices()) {
    auto& segment = result_.segments[choice.segment];
    segment.chosen_s = to_seconds(choice.at - Time{}) - result_.connect_s.value_or(0);
    if (choice.rate_bytes_per_s) segment.estimate_mbps = *choice.rate_bytes_per_s * 8e-6;
    if (!choice.encoding) continue;
    const auto& encoding = job_.job.segments[choice.segment].encodings[*choice.encoding];
    segment.preset = encoding.preset;
    segment.bytes = encoding.bytes;
    segment.chunk_count = job_.cards[choice.segment][*choice.encoding]->manifest().chunks.size();
  }
}

JobResult JobRun::run() {
  ns3::Simulator::Stop(ns3::Seconds(kTimeLimit_s));
  ns3::Simulator::Run();
  note_choices();
  result_.reason = reader_->GetFailure();
  result_.wire = network_.meter().GetBytes();
  result_.device_bytes = network_.meter().GetDeviceBytes();
  result_.packets = network_.meter().GetPackets();
  return std::move(result_);
}

}  // namespace

JobResult run_job(const SimPlan& plan, const TransferPlan& transfer, const LoadedJob& job,
                  bool with_estimates) {
  return JobRun(plan, transfer, job, with_estimates).run();
}

}  // namespace kvferry::sim
