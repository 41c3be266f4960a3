// SPDX-License-Identifier: MIT
//
// The papers' arithmetic: FP16 bits over the bits of the kept values' codes, without scales, tables and
// headers.
#pragma once

#include "codec/kv_cache.h"
#include "codec/preset.h"

namespace kvferry {

// kept: the share of the cache's numbers that travels. Of svd the coefficients count, not the basis; of an
// allocation its mean bits.
[[nodiscard]] double nominal_ratio(const Preset& preset, const KvGeometry& geometry, double kept);

// `kept`: what a card of this preset decodes to.
[[nodiscard]] double nominal_ratio(const Preset& preset, const KvCache& full, const KvCache& kept);

}  // namespace kvferry
