// SPDX-License-Identifier: MIT
//
// The inner loop of ContextDecoder, by vectors where the processor gathers (AVX2, AVX-512).
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/entropy/rans_state.h"

namespace kvferry::rans {

// Decodes from symbol 0 in runs of kMaxStates, as far as there are whole runs and surely words for them.
// ends: ContextTables::ends(). Returns how many symbols it decoded: 0 on processors without gathers. The
// reader has kMaxStates states.
[[nodiscard]] std::size_t decode_context_runs(const std::uint32_t* ends, Reader& reader,
                                              const std::uint8_t* contexts, std::uint8_t* symbols,
                                              std::size_t n);

}  // namespace kvferry::rans
