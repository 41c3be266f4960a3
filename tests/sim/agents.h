// SPDX-License-Identifier: GPL-2.0-only
//
// Agents on a row of nodes, each joined to the next: 20 Mbit/s, 10 ms one way. IPv4 and IPv6.
#pragma once

#include <ns3/double.h>
#include <ns3/enum.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-address-helper.h>
#include <ns3/ipv6-address-helper.h>
#include <ns3/node-container.h>
#include <ns3/rng-seed-manager.h>
#include <ns3/simulator.h>

#include <vector>

#include "sim/helper/kv-agent-helper.h"
#include "sim/helper/kv-link-helper.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::sim {

class AgentRow {
 public:
  explicit AgentRow(uint32_t count, double loss = 0) : nodes(count) {
    ns3::RngSeedManager::SetSeed(1);
    ns3::RngSeedManager::SetRun(1);
    ns3::InternetStackHelper internet;
    internet.Install(nodes);
    ns3::Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.0");
    ns3::Ipv6AddressHelper addresses6("2001:db8::", ns3::Ipv6Prefix(64));
    KvLinkHelper link;
    link.SetDataRate(ns3::DataRate("20Mbps"));
    link.SetDelay(ns3::MilliSeconds(10));
    link.SetLoss(loss);
    for (uint32_t i = 0; i + 1 < count; ++i) {
      const auto devices = link.Install(nodes.Get(i), nodes.Get(i + 1));
      towards_first.push_back(addresses.Assign(devices).GetAddress(0));
      addresses.NewNetwork();
      towards_first6.push_back(addresses6.Assign(devices).GetAddress(0, 1));
      addresses6.NewNetwork();
    }
  }
  ~AgentRow() { ns3::Simulator::Destroy(); }

  ns3::NodeContainer nodes;
  // Of node i, as node i + 1 sees it.
  std::vector<ns3::Ipv4Address> towards_first;
  std::vector<ns3::Ipv6Address> towards_first6;
  KvAgentHelper helper;
};

inline RequestOptions request_for(const std::string& document) {
  RequestOptions options;
  options.document = document;
  return options;
}

}  // namespace kvferry::sim
