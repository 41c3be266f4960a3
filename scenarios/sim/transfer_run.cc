// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/transfer_run.h"

#include <ns3/enum.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-address-helper.h>
#include <ns3/node-container.h>
#include <ns3/rng-seed-manager.h>
#include <ns3/simulator.h>
#include <ns3/uinteger.h>

#include <algorithm>

#include "sim/helper/kv-agent-helper.h"
#include "sim/helper/kv-link-helper.h"
#include "sim/helper/kv-trace-link-helper.h"

namespace kvferry::sim {
namespace {

constexpr double kTimeLimit_s = 3600;
constexpr double kFarewell_s = 1;  // for what is under way when both connections have closed
constexpr const char* kDocument = "card";

double now_s() { return ns3::Simulator::Now().GetSeconds(); }

// Two nodes, one link, two agents, and what they report. Owns the simulation.
class TransferRun {
 public:
  TransferRun(const SimPlan& plan, const TransferPlan& transfer, std::shared_ptr<ChunkSource> card);
  ~TransferRun() { ns3::Simulator::Destroy(); }
  TransferRun(const TransferRun&) = delete;
  TransferRun& operator=(const TransferRun&) = delete;

  TransferResult run();

 private:
  [[nodiscard]] ns3::NetDeviceContainer install_link() const;
  ns3::Ipv4Address build_link();
  void install_agents(ns3::Ipv4Address source_address, std::shared_ptr<ChunkSource> card);
  KvAgentHelper agents() const;
  void judge();
  void measure_path();

  void handle_connected() { result_.connect_s = now_s(); }
  void handle_chunk(std::uint32_t index, std::uint64_t size_bytes);
  void handle_complete() { result_.complete_s = now_s(); }
  void handle_confirmed(std::uint64_t, std::uint64_t) { result_.confirmed_s = now_s(); }

  void handle_reader_closed(const std::string&);
  void handle_source_closed(const std::string&);
  void stop_if_both_closed() const;

  const SimPlan& plan_;
  const TransferPlan& transfer_;
  std::uint64_t payload_bytes_;
  ns3::NodeContainer nodes_;
  KvWireMeter meter_;
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
      sink_(std::make_shared<CardSink>(payload_bytes_)) {
  ns3::RngSeedManager::SetSeed(1);
  ns3::RngSeedManager::SetRun(transfer.seed);
  result_.card = encode_manifest(card->manifest()).digest();
  install_agents(build_link(), std::move(card));
}

ns3::NetDeviceContainer TransferRun::install_link() const {
  const LinkPlan& plan = plan_.link;
  const auto set_up = [&](auto& link) {
    link.SetDelay(ns3::NanoSeconds(static_cast<std::uint64_t>(plan.rtt_ms * 1e6 / 2)));
    link.SetQueuePackets(plan.queue_packets);
    link.SetLoss(plan.loss);
    return link.Install(nodes_.Get(0), nodes_.Get(1));
  };
  if (plan.trace) {
    KvTraceLinkHelper link;
    link.SetTraces(plan.trace, plan.trace_back);
    link.SetTraceStart(ns3::Seconds(plan.trace_start_s));
    return set_up(link);
  }
  KvLinkHelper link;
  link.SetDataRate(ns3::DataRate(static_cast<std::uint64_t>(plan.rate_mbps * 1e6)));
  return set_up(link);
}

// The source is the first node; returns its address.
ns3::Ipv4Address TransferRun::build_link() {
  nodes_.Create(2);
  ns3::InternetStackHelper internet;
  internet.SetIpv6StackInstall(false);
  internet.Install(nodes_);
  const auto devices = install_link();
  KvLinkHelper::AssignStreams(devices, 0);
  for (std::uint32_t i = 0; i < devices.GetN(); ++i) {
    meter_.Attach(devices.Get(i));
  }
  ns3::Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.252");
  return addresses.Assign(devices).GetAddress(0);
}

KvAgentHelper TransferRun::agents() const {
  const double rtt_s = plan_.link.rtt_ms / 1e3;
  const double in_flight_bytes = plan_.link.rate_mbps * 1e6 / 8 * rtt_s + 1500.0 * plan_.link.queue_packets;
  const auto buffer_bytes = static_cast<std::uint64_t>(std::clamp(4 * in_flight_bytes, 0x1p22, 0x1p30));
  ns3::TypeId tcp_congestion;
  ns3::TypeId::LookupByNameFailSafe("ns3::" + plan_.tcp_congestion, &tcp_congestion);

  KvAgentHelper helper;
  const bool tcp = transfer_.transport == SimTransport::kTcp;
  helper.SetAttribute("Transport", ns3::EnumValue(tcp ? KvAgent::TCP : KvAgent::UDP));
  helper.SetAttribute("TcpCongestion", ns3::TypeIdValue(tcp_congestion));
  helper.SetAttribute("SocketBufferBytes", ns3::UintegerValue(buffer_bytes));
  helper.SetAttribute("UdpCongestion",
                      ns3::EnumValue(plan_.udp_congestion == "model" ? KvAgent::MODEL : KvAgent::CUBIC));
  helper.SetAttribute("MaxDatagramBytes", ns3::UintegerValue(plan_.max_datagram_bytes));
  helper.SetAttribute("HandshakeTimeout", ns3::TimeValue(ns3::Seconds(30 + 10 * rtt_s)));
  helper.SetAttribute("IdleTimeout", ns3::TimeValue(ns3::Seconds(120 + 10 * rtt_s)));
  return helper;
}

void TransferRun::install_agents(ns3::Ipv4Address source_address, std::shared_ptr<ChunkSource> card) {
  const auto helper = agents();
  source_ = helper.InstallSource(nodes_.Get(0));
  source_->SetAttribute("Seed", ns3::UintegerValue(2 * transfer_.seed));
  source_->AddCard(kDocument, std::move(card));
  source_->TraceConnectWithoutContext("Confirmed", ns3::MakeCallback(&TransferRun::handle_confirmed, this));
  source_->TraceConnectWithoutContext("Closed", ns3::MakeCallback(&TransferRun::handle_source_closed, this));
  reader_ = helper.InstallReader(nodes_.Get(1), source_address);
  reader_->SetAttribute("Seed", ns3::UintegerValue(2 * transfer_.seed + 1));
  reader_->TraceConnectWithoutContext("Connected", ns3::MakeCallback(&TransferRun::handle_connected, this));
  reader_->TraceConnectWithoutContext("Closed", ns3::MakeCallback(&TransferRun::handle_reader_closed, this));
  reader_->TraceConnectWithoutContext("ChunkArrived", ns3::MakeCallback(&TransferRun::handle_chunk, this));
  reader_->TraceConnectWithoutContext("TransferComplete",
                                      ns3::MakeCallback(&TransferRun::handle_complete, this));
  KvAgentHelper::AssignStreams(source_, 10);
  KvAgentHelper::AssignStreams(reader_, 11);

  RequestOptions request;
  request.document = kDocument;
  if (transfer_.deadline_s) {
    request.deadline = from_seconds(*transfer_.deadline_s);
    reader_->SetAttribute("Deadline", ns3::TimeValue(ns3::Seconds(*transfer_.deadline_s)));
  }
  reader_->SetRequest(request, sink_);
}

void TransferRun::handle_chunk(std::uint32_t index, std::uint64_t size_bytes) {
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
  result_.wire = meter_.GetBytes();
  result_.device_bytes = meter_.GetDeviceBytes();
  result_.packets = meter_.GetPackets();
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
  auto rtt = session.GetConnection().path().rtt;
  if (session.GetTransportRtt() > Duration::zero()) rtt = session.GetTransportRtt();
  if (rtt) result_.rtt_s = to_seconds(*rtt);
}

}  // namespace

TransferResult run_transfer(const SimPlan& plan, const TransferPlan& transfer,
                            std::shared_ptr<ChunkSource> card) {
  return TransferRun(plan, transfer, std::move(card)).run();
}

}  // namespace kvferry::sim
