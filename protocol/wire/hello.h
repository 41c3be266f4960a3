// SPDX-License-Identifier: MIT
//
// HELLO: the first frame of each side. Version, features, limits, model and
// codecs; what does not fit ends the connection or a transfer with a reason.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/card/model_identity.h"
#include "protocol/wire/limits.h"

namespace kvferry {

// Bits of Hello::features. Unknown bits are ignored.
enum Feature : std::uint64_t {
  kFeatureResume = 1u << 0,       // obeys `held` in requests and accepts
  kFeatureProgress = 1u << 1,     // reads PROGRESS
  kFeatureCalibration = 1u << 2,  // can bridge between models; lifts the identity check
  kFeatureRepair = 1u << 3,       // reads REPAIR, datagram binding
  kFeatureDatagrams = 1u << 4,    // takes refinements in datagrams, streams binding
  kFeatureFollow = 1u << 5,       // obeys `after` in requests
};

struct Hello {
  static constexpr std::uint32_t kVersion = 1;
  static constexpr std::size_t kMaxVersions = 16;
  static constexpr std::size_t kMaxCodecs = 64;
  static constexpr std::size_t kMaxAgentBytes = 128;

  std::vector<std::uint32_t> versions = {kVersion};  // ascending
  std::uint64_t features = kFeatureResume | kFeatureProgress | kFeatureRepair;
  Limits limits;
  std::vector<std::uint32_t> codecs;   // CodecId values this side decodes; empty: any
  std::string agent;                   // for people: "kvferry/0.1"; never parsed
  std::uint64_t idle_timeout_ms = 0;   // 0: none
  std::optional<ModelIdentity> model;  // the model that will read the caches, if there is one

  bool operator==(const Hello&) const = default;
};

}  // namespace kvferry
