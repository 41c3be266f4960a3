// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "transport/quic/credentials.h"

namespace kvferry::sim {

// Who every agent of a simulation is, and whom all of them believe: one key, made when it is first asked for.
// Its certificate has the size of those that `kvferry keygen` writes, so that handshakes cost what they cost.
[[nodiscard]] std::shared_ptr<const QuicCredentials> GetSimulationCredentials();

}  // namespace kvferry::sim
