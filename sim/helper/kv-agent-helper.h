// SPDX-License-Identifier: GPL-2.0-only
//
// Installs agents on nodes. Attributes that are set here go to every agent that
// is installed afterwards.
#pragma once

#include <ns3/ipv4-address.h>
#include <ns3/node.h>

#include "sim/model/kv-reader.h"
#include "sim/model/kv-source.h"

namespace kvferry::sim {

class KvAgentHelper {
 public:
  // An attribute of KvAgent: both kinds have it.
  void SetAttribute(const std::string& name, const ns3::AttributeValue& value);

  ns3::Ptr<KvSource> InstallSource(ns3::Ptr<ns3::Node> node) const;
  ns3::Ptr<KvReader> InstallReader(ns3::Ptr<ns3::Node> node, ns3::Ipv4Address source) const;

  // Fixes the agent's random streams; returns how many are used.
  static int64_t AssignStreams(ns3::Ptr<KvAgent> agent, int64_t stream) {
    return agent->AssignStreams(stream);
  }

 private:
  std::vector<std::pair<std::string, ns3::Ptr<const ns3::AttributeValue>>> m_attributes;
};

}  // namespace kvferry::sim
