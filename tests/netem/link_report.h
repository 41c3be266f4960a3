// SPDX-License-Identifier: MIT
//
// What became of the packets of an emulated link, as one JSON object.
#pragma once

#include "tests/netem/forwarder.h"

namespace kvferry::netem {

[[nodiscard]] Result<void> write_link_report(const std::string& file, const Forwarder& forwarder);

}  // namespace kvferry::netem
