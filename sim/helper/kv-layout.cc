// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-layout.h"

#include <ns3/constant-position-mobility-model.h>

namespace kvferry::sim {

using namespace ns3;

void KvLayout::Place(Ptr<Node> node, double x, double y) {
  auto mobility = CreateObject<ConstantPositionMobilityModel>();
  mobility->SetPosition(Vector(x, y, 0));
  node->AggregateObject(mobility);
}

void KvLayout::PlaceRest(const KvTopology& network) {
  constexpr double kColumn_m = 30;
  constexpr double kRow_m = 10;
  double x = 0;
  for (const auto& column : {network.sources, network.relays, network.others, network.readers}) {
    for (uint32_t i = 0; i < column.GetN(); ++i) {
      if (!column.Get(i)->GetObject<MobilityModel>()) Place(column.Get(i), x, i * kRow_m);
    }
    x += kColumn_m;
  }
}

}  // namespace kvferry::sim
