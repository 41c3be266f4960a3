// SPDX-License-Identifier: GPL-2.0-only
//
// How a link loses packets, each direction for itself: what is set here becomes
// an error model of ns-3, or ours, on each receiving device.
#pragma once

#include <ns3/error-model.h>

#include "protocol/base/result.h"

namespace kvferry::sim {

struct KvLoss {
  enum Kind { INDEPENDENT, GILBERT_ELLIOTT, BURSTS };

  Kind kind = INDEPENDENT;
  double probability = 0;  // independent: of losing a packet; bursts: of a burst to begin with a packet
  uint32_t shortest = 1;   // bursts: packets that one loses, uniformly from here
  uint32_t longest = 4;    // to here
  double goodToBad = 0;    // Gilbert-Elliott: as KvGilbertElliottErrorModel's attributes
  double badToGood = 1;
  double lossInGood = 0;
  double lossInBad = 1;

  static KvLoss Independent(double probability);
  static KvLoss Bursts(double probability, uint32_t shortest, uint32_t longest);
  static KvLoss GilbertElliott(double goodToBad, double badToGood, double lossInGood = 0,
                               double lossInBad = 1);

  // Errors: a probability outside 0 to 1, bursts of no packets or whose shortest is longer than the longest.
  [[nodiscard]] Result<void> Check() const;
  // Of what Check() accepts.
  [[nodiscard]] ns3::Ptr<ns3::ErrorModel> Create() const;

  // Fixes the streams of a model that Create() made; returns how many are used.
  static int64_t AssignStreams(ns3::Ptr<ns3::ErrorModel> model, int64_t stream);
};

}  // namespace kvferry::sim
