// SPDX-License-Identifier: MIT
//
// The inner loops of ContextDecoder and ContextEncoder, by vectors where the processor gathers (AVX2,
// AVX-512).
#pragma once

#include <array>
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

// Of [context * 4 + symbol]: start | frequency << 16.
using ContextRanges = std::array<std::uint32_t, 1024>;

// Encodes whole runs of kMaxStates, last to first, as `n` symbols have; words go before `at`, which is
// returned. Null on processors without gathers: then nothing was done. n is a multiple of kMaxStates.
[[nodiscard]] std::uint8_t* encode_context_runs(const ContextRanges& ranges, const std::uint8_t* contexts,
                                                const std::uint8_t* symbols, std::size_t n,
                                                std::uint32_t* states, std::uint8_t* at);

}  // namespace kvferry::rans
