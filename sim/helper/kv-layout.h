// SPDX-License-Identifier: GPL-2.0-only
//
// Where nodes stand, for radios and for pictures. Nothing moves.
#pragma once

#include "sim/helper/kv-topology.h"

namespace kvferry::sim {

class KvLayout {
 public:
  // In metres.
  static void Place(ns3::Ptr<ns3::Node> node, double x, double y);
  // Nodes that stand nowhere yet, in columns: sources, relays, others, readers.
  static void PlaceRest(const KvTopology& network);
};

}  // namespace kvferry::sim
