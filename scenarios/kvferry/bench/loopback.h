// SPDX-License-Identifier: MIT
//
// A card from memory to nowhere, over a socket of this machine, source and receiver on a thread each.
#pragma once

#include "protocol/base/result.h"
#include "transport/transport_kind.h"

namespace kvferry::bench {

struct LoopbackOptions {
  TransportKind transport = TransportKind::kTcp;
  std::uint64_t bytes = 0;
  bool digests = true;  // chunks are verified on arrival
};

// Bytes a second, from the manifest to the last chunk.
[[nodiscard]] Result<double> loopback_rate(const LoopbackOptions& options);

}  // namespace kvferry::bench
