// SPDX-License-Identifier: GPL-2.0-only
//
// One source in the middle, and readers around it, each on a link of its own.
#pragma once

#include <memory>
#include <vector>

#include "sim/helper/kv-link-helper.h"
#include "sim/helper/kv-topology-helper.h"

namespace kvferry::sim {

class KvStarHelper final : public KvTopologyHelper {
 public:
  static constexpr uint32_t kMostReaders = 1000;

  void SetReaders(uint32_t count) { m_readers = count; }
  // Every reader's, from the source to the reader: a KvLinkHelper or a KvTraceLinkHelper.
  template <typename Link>
  void SetLink(const Link& link) {
    m_links = {std::make_shared<Link>(link)};
  }
  // One for each reader: the same link at a rate of its own.
  void SetLinks(const KvLinkHelper& link, const std::vector<ns3::DataRate>& rates);

  [[nodiscard]] Result<void> Check() const override;
  [[nodiscard]] Result<KvTopology> Install() const override;

 private:
  uint32_t m_readers = 2;
  std::vector<std::shared_ptr<const KvLink>> m_links = {
      std::make_shared<KvLinkHelper>()};  // one: everybody's
};

}  // namespace kvferry::sim
