// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-animation-helper.h"

#include <ns3/animation-interface.h>
#include <ns3/mobility-model.h>
#include <ns3/node-list.h>

#include <fstream>

#include "sim/helper/kv-layout.h"

namespace kvferry::sim {

using namespace ns3;

namespace {

void Name(AnimationInterface& animation, const NodeContainer& nodes, const std::string& what) {
  for (uint32_t i = 0; i < nodes.GetN(); ++i)
    animation.UpdateNodeDescription(nodes.Get(i), what + ' ' + std::to_string(i));
}

}  // namespace

KvAnimationHelper::KvAnimationHelper() = default;
KvAnimationHelper::~KvAnimationHelper() = default;

Result<void> KvAnimationHelper::Enable(const std::string& file, const KvTopology& network) {
  // ns-3 ends the program where it cannot make the file.
  if (!std::ofstream(file))
    return Error{"animation: " + file + ": cannot write, expected a folder that is there"};
  KvLayout::PlaceRest(network);
  for (auto node = NodeList::Begin(); node != NodeList::End(); ++node) {
    if (!(*node)->GetObject<MobilityModel>()) KvLayout::Place(*node, 0, 0);
  }
  m_animation = std::make_unique<AnimationInterface>(file);
  Name(*m_animation, network.sources, "source");
  Name(*m_animation, network.relays, "relay");
  Name(*m_animation, network.readers, "reader");
  return {};
}

}  // namespace kvferry::sim
