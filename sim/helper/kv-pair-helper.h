// SPDX-License-Identifier: GPL-2.0-only
//
// One source, one reader, and a link between them.
#pragma once

#include <memory>

#include "sim/helper/kv-link-helper.h"
#include "sim/helper/kv-topology-helper.h"

namespace kvferry::sim {

class KvPairHelper final : public KvTopologyHelper {
 public:
  // From the source to the reader: a KvLinkHelper or a KvTraceLinkHelper.
  template <typename Link>
  void SetLink(const Link& link) {
    m_link = std::make_shared<Link>(link);
  }

  [[nodiscard]] Result<void> Check() const override;
  [[nodiscard]] Result<KvTopology> Install() const override;

 private:
  std::shared_ptr<const KvLink> m_link = std::make_shared<KvLinkHelper>();
};

}  // namespace kvferry::sim
