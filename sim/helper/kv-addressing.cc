// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-addressing.h"

#include <ns3/boolean.h>
#include <ns3/icmpv6-l4-protocol.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-routing-table-entry.h>
#include <ns3/ipv4-static-routing-helper.h>
#include <ns3/ipv4.h>
#include <ns3/ipv6-routing-table-entry.h>
#include <ns3/ipv6-static-routing-helper.h>
#include <ns3/ipv6.h>

#include <algorithm>
#include <deque>
#include <set>

namespace kvferry::sim {

using namespace ns3;

namespace {

// Unique local ones: ns-3 does not forward addresses meant for documentation.
constexpr uint8_t kPrefixBits6 = 64;

Ipv6Prefix Prefix6() { return Ipv6Prefix(kPrefixBits6); }

}  // namespace

KvAddressing::KvAddressing(int ipVersion)
    : m_ipVersion(ipVersion),
      m_links4("10.1.0.0", "255.255.255.252"),
      m_lans4("172.16.0.0", "255.255.0.0"),
      m_links6("fd00:1::", Prefix6()),
      m_lans6("fd00:2::", Prefix6()) {}

void KvAddressing::InstallStack(const NodeContainer& nodes) const {
  InternetStackHelper internet;
  internet.SetIpv4StackInstall(m_ipVersion == 4);
  internet.SetIpv6StackInstall(m_ipVersion == 6);
  internet.Install(nodes);
  if (m_ipVersion == 4) return;
  for (uint32_t i = 0; i < nodes.GetN(); ++i)
    nodes.Get(i)->GetObject<Icmpv6L4Protocol>()->SetAttribute("DAD", BooleanValue(false));
}

std::vector<Address> KvAddressing::AssignLink(const NetDeviceContainer& devices) {
  return Assign(devices, m_links4, m_links6);
}

std::vector<Address> KvAddressing::AssignLan(const NetDeviceContainer& devices) {
  return Assign(devices, m_lans4, m_lans6);
}

std::vector<Address> KvAddressing::Assign(const NetDeviceContainer& devices, Ipv4AddressHelper& range4,
                                          Ipv6AddressHelper& range6) {
  Subnet subnet;
  if (m_ipVersion == 4) {
    const auto interfaces = range4.Assign(devices);
    range4.NewNetwork();
    for (uint32_t i = 0; i < devices.GetN(); ++i)
      subnet.push_back({devices.Get(i)->GetNode(), interfaces.Get(i).second, interfaces.GetAddress(i)});
  } else {
    const auto interfaces = range6.Assign(devices);
    range6.NewNetwork();
    for (uint32_t i = 0; i < devices.GetN(); ++i) {
      const uint32_t global = 1;  // after the link's own
      subnet.push_back(
          {devices.Get(i)->GetNode(), interfaces.GetInterfaceIndex(i), interfaces.GetAddress(i, global)});
    }
  }
  std::vector<Address> addresses;
  for (const auto& port : subnet) {
    addresses.push_back(port.address);
    m_subnetsOf[port.node].push_back(m_subnets.size());
  }
  m_subnets.push_back(std::move(subnet));
  return addresses;
}

void KvAddressing::InstallRoutes() const {
  for (const auto& subnet : m_subnets) InstallRoutesTo(subnet);
}

// Outwards from the subnet: whoever is met first by way of a node goes through it.
void KvAddressing::InstallRoutesTo(const Subnet& subnet) const {
  std::set<Ptr<Node>> known;
  std::deque<Ptr<Node>> fringe;
  for (const auto& port : subnet) {
    known.insert(port.node);
    fringe.push_back(port.node);
  }
  while (!fringe.empty()) {
    const auto node = fringe.front();
    fringe.pop_front();
    for (const auto index : m_subnetsOf.at(node)) {
      const auto& shared = m_subnets[index];
      const auto next =
          std::find_if(shared.begin(), shared.end(), [&](const Port& port) { return port.node == node; });
      for (const auto& port : shared) {
        if (!known.insert(port.node).second) continue;
        AddRoute(port, *next, subnet);
        fringe.push_back(port.node);
      }
    }
  }
}

void KvAddressing::AddRoute(const Port& from, const Port& next, const Subnet& to) const {
  const bool leaf = m_subnetsOf.at(from.node).size() == 1;
  if (m_ipVersion == 4) {
    const auto routes = Ipv4StaticRoutingHelper().GetStaticRouting(from.node->GetObject<Ipv4>());
    const auto hop = Ipv4Address::ConvertFrom(next.address);
    const auto local = to.front().node->GetObject<Ipv4>()->GetAddress(to.front().interface, 0);
    if (!leaf) {
      routes->AddNetworkRouteTo(local.GetLocal().CombineMask(local.GetMask()), local.GetMask(), hop,
                                from.interface);
    } else if (routes->GetDefaultRoute().GetGateway() != hop) {
      routes->SetDefaultRoute(hop, from.interface);
    }
    return;
  }
  const auto routes = Ipv6StaticRoutingHelper().GetStaticRouting(from.node->GetObject<Ipv6>());
  const auto hop = Ipv6Address::ConvertFrom(next.address);
  next.node->GetObject<Ipv6>()->SetForwarding(next.interface, true);
  if (!leaf) {
    routes->AddNetworkRouteTo(Ipv6Address::ConvertFrom(to.front().address).CombinePrefix(Prefix6()),
                              Prefix6(), hop, from.interface);
  } else if (routes->GetDefaultRoute().GetGateway() != hop) {
    routes->SetDefaultRoute(hop, from.interface);
  }
}

}  // namespace kvferry::sim
