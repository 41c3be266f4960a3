// SPDX-License-Identifier: GPL-2.0-only
//
// Agents in a row: a source, relays, a reader, and links between neighbours. A
// node reads from the one before it (relayAddresses, or the source's), or from
// any: there are routes from everywhere to everywhere.
#pragma once

#include <memory>

#include "sim/helper/kv-link-helper.h"
#include "sim/helper/kv-topology-helper.h"

namespace kvferry::sim {

class KvChainHelper final : public KvTopologyHelper {
 public:
  static constexpr uint32_t kMostHops = 60;  // what IP's hop limit of 64 lets through

  void SetHops(uint32_t count) { m_hops = count; }  // links; there are one fewer relays
  // Every hop's, away from the source: a KvLinkHelper or a KvTraceLinkHelper.
  template <typename Link>
  void SetLink(const Link& link) {
    m_link = std::make_shared<Link>(link);
  }

  [[nodiscard]] Result<void> Check() const override;
  [[nodiscard]] Result<KvTopology> Install() const override;

 private:
  uint32_t m_hops = 2;
  std::shared_ptr<const KvLink> m_link = std::make_shared<KvLinkHelper>();
};

}  // namespace kvferry::sim
