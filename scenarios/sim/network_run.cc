// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/network_run.h"

#include <ns3/boolean.h>
#include <ns3/double.h>
#include <ns3/enum.h>
#include <ns3/random-variable-stream.h>
#include <ns3/rng-seed-manager.h>
#include <ns3/simulator.h>
#include <ns3/uinteger.h>

#include <algorithm>

#include "scenarios/shapes/shape_card.h"
#include "scenarios/sim/network.h"
#include "scenarios/sim/reader_watch.h"
#include "sim/helper/kv-animation-helper.h"
#include "sim/helper/kv-background-helper.h"
#include "sim/helper/kv-flow-monitor-helper.h"
#include "sim/helper/kv-pcap-helper.h"

namespace kvferry::sim {
namespace {

constexpr double kTimeLimit_s = 3600;
constexpr double kFarewell_s = 1;  // for what is under way when all connections have closed
constexpr const char* kDocument = "card";
constexpr double kGiga = 1e9;

std::shared_ptr<ChunkSource> card_of(const CardPlan& plan, const std::string& preset) {
  if (plan.file) return plan.file;
  return std::make_shared<KvVirtualSource>(*shape_manifest(*plan.shape, plan.tokens, preset));
}

// Of everything that a device's profile makes an agent wait for.
double computing_s(const AgentsPlan& agents, const Manifest& manifest) {
  if (!agents.profile) return 0;
  const auto& profile = *agents.profile;
  const auto gigabytes = static_cast<double>(manifest.raw_bytes) / kGiga;
  return profile.prefill_s(static_cast<double>(manifest.token_count)) +
         gigabytes *
             (1 / profile.encode_gb_per_s + 1 / profile.decode_gb_per_s + 1 / profile.inject_gb_per_s);
}

void set_times(KvAgentHelper& helper, const NetworkPoint& point, double computing_s) {
  const auto wait_s = computing_s + 10 * point.topology.rtt_s + point.agents.start_spread_s;
  helper.SetAttribute("HandshakeTimeout", ns3::TimeValue(ns3::Seconds(30 + wait_s)));
  helper.SetAttribute("IdleTimeout", ns3::TimeValue(ns3::Seconds(120 + wait_s)));
  helper.SetAttribute("GiveUpTimeout", ns3::TimeValue(ns3::Seconds(60 + wait_s)));
  if (point.agents.deadline_s)
    helper.SetAttribute("Deadline", ns3::TimeValue(ns3::Seconds(*point.agents.deadline_s)));
}

void set_rates(KvAgentHelper& helper, const AgentsPlan& agents) {
  helper.SetAttribute("AnswerTokens", ns3::UintegerValue(agents.answer_tokens));
  if (!agents.profile) return;
  const auto& profile = *agents.profile;
  helper.SetAttribute("PrefillRate", ns3::DoubleValue(profile.prefill_tokens_per_s));
  helper.SetAttribute("EncodeRate", ns3::DoubleValue(profile.encode_gb_per_s * kGiga));
  helper.SetAttribute("DecodeRate", ns3::DoubleValue(profile.decode_gb_per_s * kGiga));
  helper.SetAttribute("InjectRate", ns3::DoubleValue(profile.inject_gb_per_s * kGiga));
  helper.SetAttribute("TokenRate", ns3::DoubleValue(profile.decode_tokens_per_s));
}

KvAgentHelper agents_of(const NetworkPoint& point, SimTransport transport, const Manifest& manifest) {
  KvAgentHelper helper;
  const TransportSettings settings = {.tcp_congestion = point.agents.tcp_congestion,
                                      .udp_congestion = point.agents.congestion,
                                      .max_datagram_bytes = point.agents.max_datagram_bytes,
                                      .in_flight_bytes = point.topology.in_flight_bytes};
  set_transport(helper, transport, settings);
  helper.SetAttribute("VirtualPayload", ns3::BooleanValue(!point.card.file));
  helper.SetAttribute("MaxSessions", ns3::UintegerValue(point.topology.readers));
  set_times(helper, point, computing_s(point.agents, manifest));
  set_rates(helper, point.agents);
  return helper;
}

void add(FlowTotals& totals, const KvFlow& flow) {
  ++totals.flows;
  totals.sent_bytes += flow.sentBytes;
  totals.received_bytes += flow.receivedBytes;
  totals.sent_packets += flow.sentPackets;
  totals.received_packets += flow.receivedPackets;
  totals.lost_packets += flow.lostPackets;
  totals.delay_sum_s += flow.meanDelay.GetSeconds() * static_cast<double>(flow.receivedPackets);
}

class NetworkRunner {
 public:
  NetworkRunner(const NetworkPoint& point, const NetworkRun& run, const RunFiles& files);
  ~NetworkRunner() { ns3::Simulator::Destroy(); }
  NetworkRunner(const NetworkRunner&) = delete;
  NetworkRunner& operator=(const NetworkRunner&) = delete;
  Result<NetworkResult> run();

 private:
  void install_agents();
  void install_readers(const KvAgentHelper& helper);
  void watch_sessions(ns3::Ptr<KvSource> agent);
  [[nodiscard]] ns3::Address remote_of(std::uint32_t reader) const;
  Result<void> install_background();
  Result<void> open_outputs();
  void handle_session_closed(const std::string&);
  void stop_if_all_settled() const;
  [[nodiscard]] NetworkResult collect();

  const NetworkPoint& point_;
  const NetworkRun& run_;
  const RunFiles& files_;
  std::shared_ptr<ChunkSource> card_;
  KvTopology network_;
  std::int64_t stream_ = 0;  // the next one free
  KvWireMeter meter_;
  KvFlowMonitorHelper monitor_;
  std::unique_ptr<KvAnimationHelper> animation_;
  std::vector<ns3::Ptr<KvSource>> givers_;  // sources and relays
  std::size_t closed_ = 0;                  // of their sessions
  std::vector<std::unique_ptr<ReaderWatch>> readers_;
};

NetworkRunner::NetworkRunner(const NetworkPoint& point, const NetworkRun& run, const RunFiles& files)
    : point_(point), run_(run), files_(files), card_(card_of(point.card, run.preset)) {
  ns3::RngSeedManager::SetSeed(1);
  ns3::RngSeedManager::SetRun(run.seed);
}

// From the agent before it in a chain, past those that only forward.
ns3::Address NetworkRunner::remote_of(std::uint32_t reader) const {
  const bool handed_on = point_.topology.relay && network_.relays.GetN() > 0;
  return handed_on ? network_.relayAddresses.back() : network_.remotes[reader];
}

void NetworkRunner::watch_sessions(ns3::Ptr<KvSource> agent) {
  agent->TraceConnectWithoutContext("Closed", ns3::MakeCallback(&NetworkRunner::handle_session_closed, this));
  stream_ += agent->AssignStreams(stream_);
  givers_.push_back(std::move(agent));
}

void NetworkRunner::install_agents() {
  const auto helper = agents_of(point_, run_.transport, card_->manifest());
  for (std::uint32_t i = 0; i < network_.sources.GetN(); ++i) {
    auto source = helper.InstallSource(network_.sources.Get(i));
    source->AddCard(kDocument, card_);
    watch_sessions(source);
  }
  for (std::uint32_t i = 0; point_.topology.relay && i < network_.relays.GetN(); ++i) {
    const auto& upstream = i == 0 ? network_.sourceAddresses[0] : network_.relayAddresses[i - 1];
    watch_sessions(helper.InstallRelay(network_.relays.Get(i), upstream));
  }
  install_readers(helper);
}

void NetworkRunner::install_readers(const KvAgentHelper& helper) {
  auto spread = ns3::CreateObject<ns3::UniformRandomVariable>();
  spread->SetStream(stream_++);
  for (std::uint32_t i = 0; i < network_.readers.GetN(); ++i) {
    auto reader = helper.InstallReader(network_.readers.Get(i), remote_of(i));
    stream_ += reader->AssignStreams(stream_);
    const auto start = network_.ready + ns3::Seconds(spread->GetValue(0, point_.agents.start_spread_s));
    readers_.push_back(
        std::make_unique<ReaderWatch>(reader, point_, *card_, start, [this] { stop_if_all_settled(); }));
  }
}

Result<void> NetworkRunner::install_background() {
  const auto& plan = point_.background;
  if (!plan.any()) return {};
  KvBackgroundHelper helper;
  helper.SetTcpFlows(plan.tcp_flows);
  if (plan.udp_share) helper.SetUdpShare(*plan.udp_share);
  if (plan.udp_mbps) helper.SetUdpRate(ns3::DataRate(static_cast<std::uint64_t>(*plan.udp_mbps * 1e6)));
  helper.SetStart(network_.ready + ns3::Seconds(plan.start_s));
  if (plan.stop_s) helper.SetStop(network_.ready + ns3::Seconds(*plan.stop_s));
  const auto traffic = helper.Install(network_);
  if (!traffic) return traffic.error();
  stream_ += KvBackgroundHelper::AssignStreams(*traffic, stream_);
  return {};
}

Result<void> NetworkRunner::open_outputs() {
  if (point_.output.flow_monitor) monitor_.Install(network_);
  if (point_.output.pcap) {
    if (auto opened = KvPcapHelper::Enable(files_.pcap_prefix.string(), network_); !opened) return opened;
  }
  if (!point_.output.animation) return {};
  animation_ = std::make_unique<KvAnimationHelper>();
  return animation_->Enable(files_.animation.string(), network_);
}

void NetworkRunner::handle_session_closed(const std::string&) {
  ++closed_;
  stop_if_all_settled();
}

// Not left to TCP: ns-3's repeats an unanswered FIN for ever.
void NetworkRunner::stop_if_all_settled() const {
  std::size_t sessions = 0;
  for (const auto& giver : givers_) sessions += giver->GetSessionCount();
  const bool settled =
      std::all_of(readers_.begin(), readers_.end(), [](const auto& reader) { return reader->is_settled(); });
  if (settled && closed_ >= sessions)
    ns3::Simulator::Stop(ns3::Seconds(kFarewell_s + 2 * point_.topology.rtt_s));
}

Result<NetworkResult> NetworkRunner::run() {
  auto built = point_.topology.helper->Install();
  if (!built) return built.error();
  network_ = std::move(*built);
  meter_.SetAgentPort(KvAgent::kDefaultPort);
  network_.Attach(meter_);
  stream_ += network_.AssignStreams(stream_);
  install_agents();
  if (auto done = install_background(); !done) return done.error();
  if (auto done = open_outputs(); !done) return done.error();
  ns3::Simulator::Stop(network_.ready + ns3::Seconds(kTimeLimit_s));
  ns3::Simulator::Run();
  return collect();
}

NetworkResult NetworkRunner::collect() {
  NetworkResult result;
  for (const auto& reader : readers_) result.readers.push_back(reader->result(network_.ready));
  result.wire = meter_.GetBytes();
  result.packets = meter_.GetPackets();
  if (!point_.output.flow_monitor) return result;
  result.agent_flows.emplace();
  result.cross_flows.emplace();
  for (const auto& flow : monitor_.GetFlows()) {
    const bool agents = flow.fromPort == KvAgent::kDefaultPort || flow.toPort == KvAgent::kDefaultPort;
    add(agents ? *result.agent_flows : *result.cross_flows, flow);
  }
  return result;
}

}  // namespace

Result<NetworkResult> run_network(const NetworkPoint& point, const NetworkRun& run, const RunFiles& files) {
  return NetworkRunner(point, run, files).run();
}

}  // namespace kvferry::sim
