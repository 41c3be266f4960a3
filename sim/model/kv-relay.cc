// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-relay.h"

#include <ns3/node.h>
#include <ns3/trace-source-accessor.h>
#include <ns3/uinteger.h>

#include <algorithm>

#include "protocol/card/card.h"
#include "sim/model/kv-virtual-card.h"

namespace kvferry::sim {

using namespace ns3;

NS_OBJECT_ENSURE_REGISTERED(KvRelay);

TypeId KvRelay::GetTypeId() {
  static TypeId tid =
      TypeId("kvferry::KvRelay")
          .SetParent<KvSource>()
          .SetGroupName("Kvferry")
          .AddConstructor<KvRelay>()
          .AddAttribute("Upstream", "The address of the agent that has what is not here.", AddressValue(),
                        MakeAddressAccessor(&KvRelay::m_upstream), MakeAddressChecker())
          .AddTraceSource("Fetched", "A document's card has come from upstream.",
                          MakeTraceSourceAccessor(&KvRelay::m_fetchedTrace),
                          "kvferry::sim::KvRelay::FetchedTracedCallback");
  return tid;
}

void KvRelay::DoDispose() {
  m_fetches.clear();
  KvSource::DoDispose();
}

void KvRelay::HandleMiss(size_t session, const event::Requested& request) {
  const auto same = [&](const Fetch& fetch) {
    return fetch.wanted.card == request.options.card && fetch.wanted.document == request.options.document;
  };
  const auto known = std::find_if(m_fetches.begin(), m_fetches.end(), same);
  const auto number =
      known != m_fetches.end() ? static_cast<size_t>(known - m_fetches.begin()) : Begin(request);
  auto& fetch = m_fetches[number];
  const auto& failure = fetch.reader->GetFailure();
  if (!failure.empty()) return Refuse(session, request.id, "upstream: " + failure);
  fetch.waiting.push_back({session, request});
}

size_t KvRelay::Begin(const event::Requested& request) {
  const auto number = m_fetches.size();
  auto& fetch = m_fetches.emplace_back();
  fetch.wanted.card = request.options.card;
  fetch.wanted.document = request.options.document;
  fetch.reader = MakeReader(number);
  if (HasVirtualPayload()) {
    auto sink = std::make_shared<KvVirtualSink>();
    fetch.reader->AddRequest(fetch.wanted, sink);
    fetch.open = [sink] { return std::make_shared<KvVirtualSource>(sink->GetManifest()); };
  } else {
    auto sink = std::make_shared<CardSink>();
    fetch.reader->AddRequest(fetch.wanted, sink);
    fetch.open = [sink] { return std::make_shared<CardSource>(sink->card()); };
  }
  GetNode()->AddApplication(fetch.reader);
  return number;
}

// An agent like this one.
Ptr<KvReader> KvRelay::MakeReader(size_t number) {
  auto reader = CreateObject<KvReader>();
  const auto shared = KvAgent::GetTypeId();
  for (size_t i = 0; i < shared.GetAttributeN(); ++i) {
    const auto& info = shared.GetAttribute(i);
    auto value = info.checker->Create();
    GetAttribute(info.name, *value);
    reader->SetAttribute(info.name, *value);
  }
  reader->SetAttribute("Seed", UintegerValue(MakeConfig(Role::kClient, number).seed));
  reader->SetRemote(m_upstream);
  reader->TraceConnectWithoutContext("TransferComplete",
                                     MakeCallback(&KvRelay::HandleComplete, this, number));
  reader->TraceConnectWithoutContext("Failed", MakeCallback(&KvRelay::HandleFailed, this, number));
  return reader;
}

void KvRelay::HandleComplete(size_t number) {
  auto& fetch = m_fetches[number];
  AddMadeCard(fetch.wanted.document, fetch.open());
  m_fetchedTrace(fetch.wanted.document);
  for (const auto& waiting : std::exchange(fetch.waiting, {})) (void)Answer(waiting.session, waiting.request);
}

void KvRelay::HandleFailed(size_t number, const std::string& reason) {
  for (const auto& waiting : std::exchange(m_fetches[number].waiting, {}))
    Refuse(waiting.session, waiting.request.id, "upstream: " + reason);
}

}  // namespace kvferry::sim
