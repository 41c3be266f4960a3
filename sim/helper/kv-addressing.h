// SPDX-License-Identifier: GPL-2.0-only
//
// Internet stacks, addresses and static routes of a network whose subnets are
// added one by one. Each subnet has a range of its own; with everything in
// place, every node knows the shortest way to each of them.
#pragma once

#include <ns3/address.h>
#include <ns3/ipv4-address-helper.h>
#include <ns3/ipv6-address-helper.h>
#include <ns3/net-device-container.h>
#include <ns3/node-container.h>

#include <map>
#include <vector>

namespace kvferry::sim {

class KvAddressing {
 public:
  explicit KvAddressing(int ipVersion);

  // A stack of this version only. Addresses of version 6 are used at once, without looking for others that
  // have them.
  void InstallStack(const ns3::NodeContainer& nodes) const;
  // The addresses of a link's two devices, or of a shared medium's, in their order.
  std::vector<ns3::Address> AssignLink(const ns3::NetDeviceContainer& devices);
  std::vector<ns3::Address> AssignLan(const ns3::NetDeviceContainer& devices);
  // When all subnets are there.
  void InstallRoutes() const;

 private:
  struct Port {
    ns3::Ptr<ns3::Node> node;
    uint32_t interface;
    ns3::Address address;
  };
  using Subnet = std::vector<Port>;

  std::vector<ns3::Address> Assign(const ns3::NetDeviceContainer& devices, ns3::Ipv4AddressHelper& range4,
                                   ns3::Ipv6AddressHelper& range6);
  void InstallRoutesTo(const Subnet& subnet) const;
  // To the subnet, or as its only way everywhere for a node that is on no more than one.
  void AddRoute(const Port& from, const Port& next, const Subnet& to) const;

  int m_ipVersion;
  ns3::Ipv4AddressHelper m_links4, m_lans4;
  ns3::Ipv6AddressHelper m_links6, m_lans6;
  std::vector<Subnet> m_subnets;
  std::map<ns3::Ptr<ns3::Node>, std::vector<size_t>> m_subnetsOf;
};

}  // namespace kvferry::sim
