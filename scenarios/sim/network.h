// SPDX-License-Identifier: GPL-2.0-only
//
// What every run of a plan is built on: two nodes, the plan's link between them, and a meter on both devices.
// One at a time; the destructor ends the simulation.
#pragma once

#include <ns3/net-device-container.h>
#include <ns3/node-container.h>

#include "scenarios/sim/plan.h"
#include "sim/helper/kv-agent-helper.h"
#include "sim/model/kv-wire-meter.h"

namespace kvferry::sim {

// Of agents of a transport.
struct TransportSettings {
  std::string tcp_congestion;  // a class ns3::X
  std::string udp_congestion;  // of UDP and QUIC
  std::uint32_t max_datagram_bytes = 0;
  double in_flight_bytes = 0;  // what the path can hold
};
void set_transport(KvAgentHelper& helper, SimTransport transport, const TransportSettings& settings);

class Network {
 public:
  // seed: of all that is random. start_s: where in a trace the run begins.
  Network(const SimPlan& plan, std::uint64_t seed, double start_s);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  [[nodiscard]] ns3::Ptr<ns3::Node> source_node() const { return nodes_.Get(0); }
  [[nodiscard]] ns3::Ptr<ns3::Node> reader_node() const { return nodes_.Get(1); }
  [[nodiscard]] ns3::Ipv4Address source_address() const { return source_address_; }
  [[nodiscard]] const KvWireMeter& meter() const { return meter_; }
  // Agents of a transport, with buffers and timeouts that suit the link.
  [[nodiscard]] KvAgentHelper agents(SimTransport transport) const;

 private:
  [[nodiscard]] ns3::NetDeviceContainer install_link(double start_s) const;

  const SimPlan& plan_;
  ns3::NodeContainer nodes_;
  KvWireMeter meter_;
  ns3::Ipv4Address source_address_;
};

}  // namespace kvferry::sim
