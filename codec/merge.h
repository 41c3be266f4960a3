// SPDX-License-Identifier: MIT
//
// Two parts of one document's cache as one: what an agent has of it, and what it asked for beside.
#pragma once

#include "codec/kv_cache.h"

namespace kvferry {

// The rows of both, by position, layer by layer; where both have one, the first's. The error says that they
// are of another geometry or another document's length.
[[nodiscard]] Result<KvCache> merge(const KvCache& first, const KvCache& second);

}  // namespace kvferry
