// SPDX-License-Identifier: GPL-2.0-only
//
// Sources on the left, as many readers on the right, each beside a router on a
// fast link, and one link between the routers that all share. Reader i reads
// from source i. Further pairs carry cross traffic only.
#pragma once

#include <memory>

#include "sim/helper/kv-link-helper.h"
#include "sim/helper/kv-topology-helper.h"

namespace kvferry::sim {

class KvDumbbellHelper final : public KvTopologyHelper {
 public:
  static constexpr uint32_t kMostPairs = 200;

  void SetPairs(uint32_t count) { m_pairs = count; }
  void SetCrossPairs(uint32_t count) { m_crossPairs = count; }
  // From left to right: a KvLinkHelper or a KvTraceLinkHelper.
  template <typename Link>
  void SetBottleneck(const Link& link) {
    m_bottleneck = std::make_shared<Link>(link);
  }
  void SetAccess(const KvLinkHelper& link) { m_access = link; }  // else 1 Gbit/s, 1 ms, 10,000 packets

  // Errors too: access that is slower than the bottleneck.
  [[nodiscard]] Result<void> Check() const override;
  // The bottleneck's two devices are those that count: each byte once.
  [[nodiscard]] Result<KvTopology> Install() const override;

 private:
  static KvLinkHelper FastLink();

  uint32_t m_pairs = 1;
  uint32_t m_crossPairs = 1;
  std::shared_ptr<const KvLink> m_bottleneck = std::make_shared<KvLinkHelper>();
  KvLinkHelper m_access = FastLink();
};

}  // namespace kvferry::sim
