// SPDX-License-Identifier: MIT
//
// What became of the packets of an emulated link, as one JSON object.
#pragma once

#include <optional>

#include "protocol/base/result.h"
#include "tests/netem/lateness.h"
#include "tests/netem/link_model.h"

namespace kvferry::netem {

struct LinkReport {
  LinkCounts up;                         // from the client
  LinkCounts down;                       // to the client
  std::optional<Duration> first_packet;  // of the client's, since the link began
  Lateness late;
};

[[nodiscard]] Result<void> write_link_report(const std::string& file, const LinkReport& report);

}  // namespace kvferry::netem
