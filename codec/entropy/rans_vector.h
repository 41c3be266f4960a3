// SPDX-License-Identifier: MIT
//
// The inner loop of RansDecoder, by vectors where the processor gathers (AVX2, AVX-512).
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/entropy/rans_state.h"

namespace kvferry::rans {

struct SlotTables {
  const std::uint32_t* slots;     // symbol << 24 | frequency << 12 | slot - start
  const std::uint32_t* table_at;  // of column c, c + 1, .. c + 15, going round after the last
  std::size_t columns;            // period of table_at
};

// Decodes from symbol 0 in runs of kMaxStates, as far as there are whole runs and surely words for them.
// Returns how many symbols it decoded: 0 on processors without gathers. The reader has kMaxStates states.
[[nodiscard]] std::size_t decode_runs(const SlotTables& tables, Reader& reader, std::uint8_t* symbols,
                                      std::size_t n);

}  // namespace kvferry::rans
