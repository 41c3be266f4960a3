// SPDX-License-Identifier: GPL-2.0-only
//
// What lines of results have in common.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sim/model/kv-wire-meter.h"

namespace kvferry::sim {

using Json = nlohmann::ordered_json;

inline Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

inline Json wire_json(const WireBytes& wire) {
  return {{"payload", wire.ours.payload},
          {"framing", wire.ours.framing},
          {"signalling", wire.ours.signalling},
          {"acks", wire.ours.acks},
          {"retransmitted", wire.ours.retransmitted},
          {"fec", wire.ours.fec},
          {"lower_layers", wire.lowerLayers},
          {"total", wire.GetTotal()}};
}

inline Json packets_json(const WirePackets& packets) {
  const auto seen = [&](uint64_t count) { return packets.seesDrops ? Json(count) : Json(nullptr); };
  return {{"sent", packets.sent},
          {"lost", seen(packets.droppedQueue + packets.droppedError)},
          {"dropped_queue", seen(packets.droppedQueue)},
          {"dropped_error", seen(packets.droppedError)}};
}

// On one line. Doubles in their shortest form.
inline std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace kvferry::sim
