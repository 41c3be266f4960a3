// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-agent-helper.h"

namespace kvferry::sim {

using namespace ns3;

void KvAgentHelper::SetAttribute(const std::string& name, const AttributeValue& value) {
  m_attributes.emplace_back(name, value.Copy());
}

Ptr<KvSource> KvAgentHelper::InstallSource(Ptr<Node> node) const {
  auto source = CreateObject<KvSource>();
  for (const auto& [name, value] : m_attributes) source->SetAttribute(name, *value);
  node->AddApplication(source);
  return source;
}

Ptr<KvReader> KvAgentHelper::InstallReader(Ptr<Node> node, Ipv4Address source) const {
  auto reader = CreateObject<KvReader>();
  for (const auto& [name, value] : m_attributes) reader->SetAttribute(name, *value);
  reader->SetRemote(source);
  node->AddApplication(reader);
  return reader;
}

}  // namespace kvferry::sim
