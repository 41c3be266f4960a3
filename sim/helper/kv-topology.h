// SPDX-License-Identifier: GPL-2.0-only
//
// A network that agents can be put into: what the helpers for topologies build.
//
//   KvStarHelper star;
//   star.SetReaders(4);
//   const auto network = star.Install();                       // or an error: one line
//   auto source = agents.InstallSource(network->sources.Get(0));
//   auto reader = agents.InstallReader(network->readers.Get(2), network->remotes[2]);
//   reader->SetStartTime(network->ready);
//
// Addresses are Ipv4Address or Ipv6Address in an Address, without port.
#pragma once

#include <ns3/address.h>
#include <ns3/data-rate.h>
#include <ns3/net-device-container.h>
#include <ns3/node-container.h>
#include <ns3/nstime.h>

#include <functional>
#include <vector>

#include "sim/model/kv-wire-meter.h"

namespace kvferry::sim {

// Where cross traffic may run so that it meets the agents'.
struct KvCrossing {
  ns3::Ptr<ns3::Node> from, to;
  ns3::Address address;  // of `to`
};

struct KvTopology {
  ns3::NodeContainer sources, relays, readers;
  std::vector<ns3::Address> sourceAddresses, relayAddresses;  // on the side of those who read from them
  std::vector<ns3::Address> readerAddresses;
  std::vector<ns3::Address> remotes;  // by reader: the address of the source it reads from, past all relays
  ns3::NodeContainer others;          // neither of these: routers, access points, contenders

  ns3::NetDeviceContainer devices;  // whose wire counts, or where nodes are metered what the agents send by
  bool devicesTellDrops = false;    // where nodes are metered: there are traces of all that these drop
  bool meteredAtNodes = false;      // these devices have no PPP: the agents' nodes are metered, from IP up

  std::vector<KvCrossing> crossings;  // through the narrowest part
  ns3::DataRate capacity{0};          // of that part, towards the readers; 0: not known
  ns3::Time ready;                    // agents start no earlier: until then it is being set up

  int ipVersion = 4;
  // Fixes the streams of a radio; null: there is none. Also keeps alive what built it.
  std::function<int64_t(int64_t)> assignRadioStreams;

  [[nodiscard]] ns3::NodeContainer GetAgentNodes() const;
  [[nodiscard]] ns3::NodeContainer GetNodes() const;
  // To the devices that count, or to the agents' nodes. The meter must outlive the run.
  void Attach(KvWireMeter& meter) const;
  // Fixes the streams of all that is random in the network; returns how many are used. Agents and cross
  // traffic have their own.
  int64_t AssignStreams(int64_t stream) const;
};

}  // namespace kvferry::sim
