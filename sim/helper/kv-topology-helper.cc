// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-topology-helper.h"

namespace kvferry::sim {

Result<void> KvTopologyHelper::CheckIpVersion() const {
  if (m_ipVersion == 4 || m_ipVersion == 6) return {};
  return Error{"IP version " + std::to_string(m_ipVersion) + ", expected 4 or 6"};
}

Result<void> KvTopologyHelper::CheckCount(uint32_t count, const char* what, uint32_t least, uint32_t most) {
  if (count >= least && count <= most) return {};
  return Error{std::to_string(count) + ' ' + what + ", expected " + std::to_string(least) + " to " +
               std::to_string(most)};
}

}  // namespace kvferry::sim
