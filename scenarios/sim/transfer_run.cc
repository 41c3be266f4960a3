// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/transfer_run.h"

#include <ns3/boolean.h>
#include <ns3/simulator.h>
#include <ns3/uinteger.h>

#include "scenarios/sim/network.h"

namespace kvferry::sim {
namespace {

constexpr double kTimeLimit_s = 3600;
constexpr double kFarewell_s = 1;  // for what is under way when both connections have closed
constexpr const char* kDocument = "card";

double now_s() { return ns3::Simulator::Now().GetSeconds(); }

// Two agents on the plan's link, and what they report.
class TransferRun {
 public:
  TransferRun(const SimPlan& plan, const TransferPlan& transfer, std::shared_ptr<ChunkSource> card);
  TransferResult run();

 private:
  void install_agents(std::shared_ptr<ChunkSource> card);
  void judge();
  void measure_path();

  void handle_connected() { result_.connect_s = now_s(); }
  void handle_chunk(std::uint32_t request, std::uint32_t index, std::uint64_t size_bytes);
  void handle_complete() { result_.complete_s = now_s(); }
  void handle_confirmed(std::uint64_t, std::uint64_t) { result_.confirmed_s = now_s(); }

  void handle_reader_closed(const std::string&);
  void handle_source_closed(const std::string&);
  void stop_if_both_closed() const;

  const SimPlan& plan_;
  const TransferPlan& transfer_;
  std::uint64_t payload_bytes_;
  Network network_;
  ns3::Ptr<KvSource> source_;
  ns3::Ptr<KvReader> reader_;
  std::shared_ptr<CardSink> sink_;
  bool reader_closed_ = false;
  std::size_t source_closed_ = 0;  // sessions
  TransferResult result_;
};

TransferRun::TransferRun(const SimPlan& plan, const TransferPlan& transfer, std::shared_ptr<ChunkSource> card)
    : plan_(plan),
      transfer_(transfer),
      payload_bytes_(card->manifest().payload_bytes()),
      network_(plan, transfer.seed, transfer.trace_start_s.value_or(plan.link.trace_start_s)),
      sink_(std::make_shared<CardSink>(payload_bytes_)) {
  result_.card = encode_manifest(card->manifest()).digest();
  install_agents(std::move(card));
}

void TransferRun::install_agents(std::shared_ptr<ChunkSource> card) {
  const auto helper = network_.agents(transfer_.transport);
  source_ = helper.InstallSource(network_.source_node());
  source_->SetAttribute("Seed", ns3::UintegerValue(2 * transfer_.seed));
  source_->AddCard(kDocument, std::move(card));
  source_->TraceConnectWithoutContext("Confirmed", ns3::MakeCallback(&TransferRun::handle_confirmed, this));
  source_->TraceConnectWithoutContext("Closed", ns3::MakeCallback(&TransferRun::handle_source_closed, this));
  reader_ = helper.InstallReader(network_.reader_node(), network_.source_address());
  reader_->SetAttribute("Seed", ns3::UintegerValue(2 * transfer_.seed + 1));
  reader_->SetAttribute("AskAtOnce", ns3::BooleanValue(true));  // as kvferry fetch does
  reader_->TraceConnectWithoutContext("Connected", ns3::MakeCallback(&TransferRun::handle_connected, this));
  reader_->TraceConnectWithoutContext("Closed", ns3::MakeCallback(&TransferRun::handle_reader_closed, this));
  reader_->TraceConnectWithoutContext("ChunkArrived", ns3::MakeCallback(&TransferRun::handle_chunk, this));
  reader_->TraceConnectWithoutContext("TransferComplete",
                                      ns3::MakeCallback(&TransferRun::handle_complete, this));
  KvAgentHelper::AssignStreams(source_, 10);
  KvAgentHelper::AssignStreams(reader_, 12);

  RequestOptions request;
  request.document = kDocument;
  if (transfer_.deadline_s) {
    request.deadline = from_seconds(*transfer_.deadline_s);
    reader_->SetAttribute("Deadline", ns3::TimeValue(ns3::Seconds(*transfer_.deadline_s)));
  }
  reader_->AddRequest(request, sink_);
}

void TransferRun::handle_chunk(std::uint32_t, std::uint32_t index, std::uint64_t size_bytes) {
  if (!result_.first_chunk_s) result_.first_chunk_s = now_s();
  result_.chunks.push_back({index, size_bytes, now_s()});
}

void TransferRun::handle_reader_closed(const std::string&) {
  reader_closed_ = true;
  stop_if_both_closed();
}

void TransferRun::handle_source_closed(const std::string&) {
  ++source_closed_;
  stop_if_both_closed();
}

// Not left to TCP: ns-3's repeats an unanswered FIN for ever.
void TransferRun::stop_if_both_closed() const {
  if (!reader_closed_ || source_closed_ < source_->GetSessionCount()) return;
  ns3::Simulator::Stop(ns3::Seconds(kFarewell_s + 2e-3 * plan_.link.rtt_ms));
}

TransferResult TransferRun::run() {
  ns3::Simulator::Stop(ns3::Seconds(kTimeLimit_s));
  ns3::Simulator::Run();
  result_.wire = network_.meter().GetBytes();
  result_.device_bytes = network_.meter().GetDeviceBytes();
  result_.packets = network_.meter().GetPackets();
  judge();
  measure_path();
  return std::move(result_);
}

void TransferRun::judge() {
  if (!result_.complete_s) {
    result_.reason = reader_->GetFailure().empty() ? "not complete after an hour" : reader_->GetFailure();
  } else if (!result_.confirmed_s) {
    result_.reason = "complete, but the source did not hear of it";
  } else if (auto verified = sink_->card().verify(); !verified) {
    result_.reason = "what arrived is damaged: " + verified.error().message;
  } else if (sink_->card().digest() != result_.card) {
    result_.reason = "what arrived is another card: " + sink_->card().digest().hex();
  } else {
    result_.ok = true;
    result_.arrived = sink_->take();
  }
}

void TransferRun::measure_path() {
  if (result_.complete_s && *result_.complete_s > *result_.connect_s) {
    result_.goodput_mbps =
        static_cast<double>(payload_bytes_) * 8e-6 / (*result_.complete_s - *result_.connect_s);
  }
  if (source_->GetSessionCount() == 0) return;
  const auto& session = source_->GetSession(0);
  if (const auto rtt = session.GetPath().rtt) result_.rtt_s = to_seconds(*rtt);
}

}  // namespace

TransferResult run_transfer(const SimPlan& plan, const TransferPlan& transfer,
                            std::shared_ptr<ChunkSource> card) {
  return TransferRun(plan, transfer, std::move(card)).run();
}

}  // namespace kvferry::sim
