// SPDX-License-Identifier: GPL-2.0-only
//
// An access point with the source on it, or behind it on a wire, and stations at
// one distance around it that stand still: readers, and contenders that send
// cross traffic to the source's node. One spatial stream; ns-3's default channel
// of the standard and its log-distance path loss. Stations associate before
// KvTopology::ready.
#pragma once

#include <memory>
#include <optional>

#include "sim/helper/kv-link-helper.h"
#include "sim/helper/kv-topology-helper.h"

namespace kvferry::sim {

class KvWifiHelper final : public KvTopologyHelper {
 public:
  static constexpr uint32_t kMostStations = 100;  // readers and contenders together

  void SetReaders(uint32_t count) { m_readers = count; }
  void SetContenders(uint32_t count) { m_contenders = count; }
  // 802.11a, b, g, n, ac or ax, as in "802.11ax".
  void SetStandard(const std::string& name) { m_standard = name; }
  // Fixes the rate: an MCS, or for a, b and g the rate's place among the standard's, from 0. Else each
  // station's rate follows its signal (ns-3's IdealWifiManager).
  void SetMcs(uint32_t mcs) { m_mcs = mcs; }
  void SetDistance(double metres) { m_distance_m = metres; }
  // Moves the source off the access point.
  void SetWire(const KvLinkHelper& link) { m_wire = link; }

  [[nodiscard]] Result<void> Check() const override;
  [[nodiscard]] Result<KvTopology> Install() const override;

 private:
  void Place(const KvTopology& network, ns3::Ptr<ns3::Node> point) const;

  uint32_t m_readers = 1;
  uint32_t m_contenders = 0;
  std::string m_standard = "802.11ax";
  std::optional<uint32_t> m_mcs;
  double m_distance_m = 5;
  std::optional<KvLinkHelper> m_wire;
};

}  // namespace kvferry::sim
