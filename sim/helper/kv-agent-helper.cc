// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-agent-helper.h"

#include <ns3/boolean.h>
#include <ns3/fatal-error.h>

#include "sim/model/kv-virtual-card.h"

namespace kvferry::sim {

using namespace ns3;

namespace {

constexpr const char* kDocument = "card";

}  // namespace

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

KvAgentHelper KvAgentHelper::For(const ChunkSource& card) const {
  auto agents = *this;
  if (dynamic_cast<const KvVirtualSource*>(&card)) agents.SetAttribute("VirtualPayload", BooleanValue(true));
  return agents;
}

Ptr<KvReader> KvAgentHelper::InstallAsking(Ptr<Node> node, const Address& source) const {
  auto reader = InstallReader(node, source);
  RequestOptions request;
  request.document = kDocument;
  reader->AddRequest(request, std::make_shared<KvVirtualSink>());
  return reader;
}

KvAgents KvAgentHelper::Install(Ptr<Node> source, const Address& address, const NodeContainer& readers,
                                std::shared_ptr<ChunkSource> card) const {
  const auto agents = For(*card);
  KvAgents installed;
  installed.sources.push_back(agents.InstallSource(source));
  installed.sources.back()->AddCard(kDocument, std::move(card));
  for (uint32_t i = 0; i < readers.GetN(); ++i)
    installed.readers.push_back(agents.InstallAsking(readers.Get(i), address));
  return installed;
}

KvAgents KvAgentHelper::Install(const KvTopology& network, std::shared_ptr<ChunkSource> card) const {
  const auto agents = For(*card);
  KvAgents installed;
  for (uint32_t i = 0; i < network.sources.GetN(); ++i) {
    installed.sources.push_back(agents.InstallSource(network.sources.Get(i)));
    installed.sources.back()->AddCard(kDocument, card);
  }
  for (uint32_t i = 0; i < network.readers.GetN(); ++i) {
    installed.readers.push_back(agents.InstallAsking(network.readers.Get(i), network.remotes[i]));
    installed.readers.back()->SetStartTime(network.ready);
  }
  return installed;
}

KvAgents KvAgentHelper::InstallThroughRelays(const KvTopology& network,
                                             std::shared_ptr<ChunkSource> card) const {
  const auto agents = For(*card);
  auto installed = Install(network, std::move(card));
  if (network.relays.GetN() == 0) return installed;
  for (uint32_t i = 0; i < network.relays.GetN(); ++i) {
    const auto& upstream = i == 0 ? network.sourceAddresses.at(0) : network.relayAddresses[i - 1];
    installed.relays.push_back(agents.InstallRelay(network.relays.Get(i), upstream));
  }
  for (const auto& reader : installed.readers) reader->SetRemote(network.relayAddresses.back());
  return installed;
}

int64_t KvAgentHelper::AssignStreams(const KvAgents& agents, int64_t stream) {
  int64_t used = 0;
  for (const auto& source : agents.sources) used += source->AssignStreams(stream + used);
  for (const auto& relay : agents.relays) used += relay->AssignStreams(stream + used);
  for (const auto& reader : agents.readers) used += reader->AssignStreams(stream + used);
  return used;
}

}  // namespace kvferry::sim
