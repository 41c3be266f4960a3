// SPDX-License-Identifier: GPL-2.0-only
//
// A source that begins with nothing: what a reader asks for and is not here, it fetches from the next agent
// upstream, keeps, and gives on once it is whole. Readers that ask meanwhile wait for the same fetch. A chain
// of relays is a hand-off from agent to agent.
#pragma once

#include "sim/model/kv-reader.h"
#include "sim/model/kv-source.h"

namespace kvferry::sim {

class KvRelay final : public KvSource {
 public:
  static ns3::TypeId GetTypeId();
  typedef void (*FetchedTracedCallback)(const std::string& document);

  void SetUpstream(const ns3::Address& source) { m_upstream = source; }  // IPv4 or IPv6, without port
  // The agents that fetch, in the order in which they began; each lives until the relay is disposed of.
  [[nodiscard]] size_t GetFetchCount() const { return m_fetches.size(); }
  [[nodiscard]] ns3::Ptr<KvReader> GetFetch(size_t number) const { return m_fetches.at(number).reader; }

 private:
  struct Waiting {
    size_t session;
    event::Requested request;
  };
  struct Fetch {
    RequestOptions wanted;
    ns3::Ptr<KvReader> reader;
    std::function<std::shared_ptr<ChunkSource>()> open;  // what has come, to be given on
    std::vector<Waiting> waiting;
  };

  void DoDispose() override;
  void HandleMiss(size_t session, const event::Requested& request) override;
  size_t Begin(const event::Requested& request);
  [[nodiscard]] ns3::Ptr<KvReader> MakeReader(size_t number);
  void HandleComplete(size_t number);
  void HandleFailed(size_t number, const std::string& reason);

  ns3::Address m_upstream;
  std::vector<Fetch> m_fetches;
  ns3::TracedCallback<const std::string&> m_fetchedTrace;
};

}  // namespace kvferry::sim
