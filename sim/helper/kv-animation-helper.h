// SPDX-License-Identifier: GPL-2.0-only
//
// A picture of the run for NetAnim: nodes in columns by what they are, or where
// radios stand, links, and packets as they go. Trace-driven devices are not known
// to NetAnim: their packets are not in it. LTE's core appears as ns-3 numbers it.
#pragma once

#include <memory>
#include <string>

#include "protocol/base/result.h"
#include "sim/helper/kv-topology.h"

namespace ns3 {
class AnimationInterface;
}

namespace kvferry::sim {

// Must outlive the simulation run; the file is whole when it is gone.
class KvAnimationHelper {
 public:
  KvAnimationHelper();
  ~KvAnimationHelper();
  KvAnimationHelper(const KvAnimationHelper&) = delete;
  KvAnimationHelper& operator=(const KvAnimationHelper&) = delete;

  // Once, when the network is built. Errors: the file cannot be made.
  Result<void> Enable(const std::string& file, const KvTopology& network);

 private:
  std::unique_ptr<ns3::AnimationInterface> m_animation;
};

}  // namespace kvferry::sim
