// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-agent-helper.h"

#include <ns3/fatal-error.h>

namespace kvferry::sim {

using namespace ns3;

void KvAgentHelper::SetAttribute(const std::string& name, const AttributeValue& value) {
  m_attributes.emplace_back(name, value.Copy());
}

// Names that no kind of agent has are a mistake.
void KvAgentHelper::Set(Ptr<KvAgent> agent) const {
  for (const auto& [name, value] : m_attributes) {
    if (agent->SetAttributeFailSafe(name, *value)) continue;
    TypeId::AttributeInformation info;
    const bool others = KvRelay::GetTypeId().LookupAttributeByName(name, &info) ||
                        KvReader::GetTypeId().LookupAttributeByName(name, &info);
    if (!others || agent->GetInstanceTypeId().LookupAttributeByName(name, &info))
      NS_FATAL_ERROR("agents have no attribute " << name << " that takes this value");
  }
}

Ptr<KvSource> KvAgentHelper::InstallSource(Ptr<Node> node) const {
  auto source = CreateObject<KvSource>();
  Set(source);
  node->AddApplication(source);
  return source;
}

Ptr<KvReader> KvAgentHelper::InstallReader(Ptr<Node> node, const Address& source) const {
  auto reader = CreateObject<KvReader>();
  Set(reader);
  reader->SetRemote(source);
  node->AddApplication(reader);
  return reader;
}

Ptr<KvRelay> KvAgentHelper::InstallRelay(Ptr<Node> node, const Address& upstream) const {
  auto relay = CreateObject<KvRelay>();
  Set(relay);
  relay->SetUpstream(upstream);
  node->AddApplication(relay);
  return relay;
}

}  // namespace kvferry::sim
