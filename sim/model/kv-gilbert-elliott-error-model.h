// SPDX-License-Identifier: GPL-2.0-only
//
// Loss in two states, good and bad, between which a Markov chain moves: Gilbert,
// "Capacity of a burst-noise channel", BSTJ 39 (1960), and Elliott, "Estimates
// of error rates for codes on burst-noise channels", BSTJ 42 (1963). With p the
// step to bad, r the step to good, and g and b the losses there:
//
//   loss  = (r g + p b) / (p + r)
//   burst = 1 / r packets on average, where all of the bad state and none of the good one is lost
//
// For each packet the chain steps first; the state that it is then in decides. It starts in the good one.
#pragma once

#include <ns3/error-model.h>
#include <ns3/random-variable-stream.h>

namespace kvferry::sim {

class KvGilbertElliottErrorModel final : public ns3::ErrorModel {
 public:
  static ns3::TypeId GetTypeId();

  // Fixes the streams of the two variables; returns how many are used.
  int64_t AssignStreams(int64_t stream);

 private:
  bool DoCorrupt(ns3::Ptr<ns3::Packet> packet) override;
  void DoReset() override { m_bad = false; }

  double m_goodToBad = 0;
  double m_badToGood = 0;
  double m_lossInGood = 0;
  double m_lossInBad = 0;
  ns3::Ptr<ns3::RandomVariableStream> m_step;
  ns3::Ptr<ns3::RandomVariableStream> m_loss;
  bool m_bad = false;
};

}  // namespace kvferry::sim
