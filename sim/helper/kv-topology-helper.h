// SPDX-License-Identifier: GPL-2.0-only
//
// What every helper that builds a network has. Networks take fixed address
// ranges, so there is one of them in a simulation.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/result.h"
#include "sim/helper/kv-topology.h"

namespace kvferry::sim {

class KvTopologyHelper {
 public:
  virtual ~KvTopologyHelper() = default;

  void SetIpVersion(int version) { m_ipVersion = version; }  // 4 or 6

  // Errors: what is set cannot be; one line.
  [[nodiscard]] virtual Result<void> Check() const = 0;
  // Makes nodes, devices, internet stacks, addresses and routes. Errors, before anything is made: what
  // Check() says.
  [[nodiscard]] virtual Result<KvTopology> Install() const = 0;

 protected:
  KvTopologyHelper() = default;
  KvTopologyHelper(const KvTopologyHelper&) = default;
  KvTopologyHelper& operator=(const KvTopologyHelper&) = default;

  // The version is one that there is.
  [[nodiscard]] Result<void> CheckIpVersion() const;
  // Errors: "COUNT WHAT, expected LEAST to MOST".
  static Result<void> CheckCount(uint32_t count, const char* what, uint32_t least, uint32_t most);
  [[nodiscard]] int GetIpVersion() const { return m_ipVersion; }

 private:
  int m_ipVersion = 4;
};

}  // namespace kvferry::sim
