// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/network.h"

#include <ns3/enum.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-address-helper.h>
#include <ns3/rng-seed-manager.h>
#include <ns3/simulator.h>
#include <ns3/uinteger.h>

#include <algorithm>

#include "sim/helper/kv-link-helper.h"
#include "sim/helper/kv-trace-link-helper.h"

namespace kvferry::sim {

namespace {

KvAgent::Transport transport_of(SimTransport transport) {
  switch (transport) {
    case SimTransport::kTcp:
      return KvAgent::TCP;
    case SimTransport::kUdp:
      return KvAgent::UDP;
    case SimTransport::kQuic:
      break;
  }
  return KvAgent::QUIC;
}

}  // namespace

void set_transport(KvAgentHelper& helper, SimTransport transport, const TransportSettings& settings) {
  const auto buffer_bytes =
      static_cast<std::uint64_t>(std::clamp(4 * settings.in_flight_bytes, 0x1p22, 0x1p30));
  ns3::TypeId tcp_congestion;
  ns3::TypeId::LookupByNameFailSafe("ns3::" + settings.tcp_congestion, &tcp_congestion);
  helper.SetAttribute("Transport", ns3::EnumValue(transport_of(transport)));
  helper.SetAttribute("TcpCongestion", ns3::TypeIdValue(tcp_congestion));
  helper.SetAttribute("SocketBufferBytes", ns3::UintegerValue(buffer_bytes));
  helper.SetAttribute("Congestion",
                      ns3::EnumValue(settings.udp_congestion == "model" ? KvAgent::MODEL : KvAgent::CUBIC));
  helper.SetAttribute("MaxDatagramBytes", ns3::UintegerValue(settings.max_datagram_bytes));
}

// The source is the first node.
Network::Network(const SimPlan& plan, std::uint64_t seed, double start_s) : plan_(plan) {
  ns3::RngSeedManager::SetSeed(1);
  ns3::RngSeedManager::SetRun(seed);
  nodes_.Create(2);
  ns3::InternetStackHelper internet;
  internet.SetIpv6StackInstall(false);
  internet.Install(nodes_);
  const auto devices = install_link(start_s);
  KvLinkHelper::AssignStreams(devices, 0);
  for (std::uint32_t i = 0; i < devices.GetN(); ++i) {
    meter_.Attach(devices.Get(i));
  }
  ns3::Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.252");
  source_address_ = addresses.Assign(devices).GetAddress(0);
}

Network::~Network() { ns3::Simulator::Destroy(); }

ns3::NetDeviceContainer Network::install_link(double start_s) const {
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
    link.SetTraceStart(ns3::Seconds(start_s));
    return set_up(link);
  }
  KvLinkHelper link;
  link.SetDataRate(ns3::DataRate(static_cast<std::uint64_t>(plan.rate_mbps * 1e6)));
  return set_up(link);
}

KvAgentHelper Network::agents(SimTransport transport) const {
  const double rtt_s = plan_.link.rtt_ms / 1e3;
  KvAgentHelper helper;
  set_transport(
      helper, transport,
      {.tcp_congestion = plan_.tcp_congestion,
       .udp_congestion = plan_.udp_congestion,
       .max_datagram_bytes = plan_.max_datagram_bytes,
       .in_flight_bytes = plan_.link.rate_mbps * 1e6 / 8 * rtt_s + 1500.0 * plan_.link.queue_packets});
  helper.SetAttribute("HandshakeTimeout", ns3::TimeValue(ns3::Seconds(30 + 10 * rtt_s)));
  helper.SetAttribute("IdleTimeout", ns3::TimeValue(ns3::Seconds(120 + 10 * rtt_s)));
  return helper;
}

}  // namespace kvferry::sim
