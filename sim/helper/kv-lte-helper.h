// SPDX-License-Identifier: GPL-2.0-only
//
// LTE with its core network: one eNB, readers at UEs, the source on a host on the
// internet behind the PGW, as in ns-3's lena-simple-epc. Friis path loss, 25
// resource blocks each way, proportional fair scheduling, ideal RRC, RLC without
// acknowledgements: ns-3's defaults. UEs are attached before KvTopology::ready.
#pragma once

#include <vector>

#include "sim/helper/kv-link-helper.h"
#include "sim/helper/kv-topology-helper.h"

namespace kvferry::sim {

class KvLteHelper final : public KvTopologyHelper {
 public:
  // ns-3 3.37 ends the program when 30 attach at once: its scheduler misses one of them.
  static constexpr uint32_t kMostReaders = 20;

  void SetReaders(uint32_t count) { m_readers = count; }
  // From the eNB: one for all, or one for each reader.
  void SetDistances(const std::vector<double>& metres) { m_distances_m = metres; }
  // From the source to the PGW; else 1 Gbit/s, 10 ms, 1,000 packets.
  void SetBackhaul(const KvLinkHelper& link) { m_backhaul = link; }
  // Of each UE's, each way. ns-3 has one default for all that is made afterwards in the process: this is set
  // there.
  void SetRlcBufferBytes(uint32_t bytes) { m_rlcBufferBytes = bytes; }

  [[nodiscard]] Result<void> Check() const override;
  [[nodiscard]] Result<KvTopology> Install() const override;

 private:
  static KvLinkHelper Internet();
  void Place(const KvTopology& network, ns3::Ptr<ns3::Node> station) const;

  uint32_t m_readers = 1;
  std::vector<double> m_distances_m = {100};
  KvLinkHelper m_backhaul = Internet();
  uint32_t m_rlcBufferBytes = 256 * 1024;
};

}  // namespace kvferry::sim
