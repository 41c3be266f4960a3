// SPDX-License-Identifier: MIT
//
// Interleaved range asymmetric numeral systems (Duda 2013; Giesen 2014): 32-bit states, 16-bit
// renormalisation, 12-bit probabilities. Symbols stand [row][column]; with a model of one
// context a column, adjacent columns go to adjacent states, so that vectors can decode them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/entropy/symbol_model.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

// Model's tables, laid out for decoding. Made once for many blocks.
class RansDecoderTables;

// Appends the coded symbols to out.
void rans_encode(const SymbolModel& model, std::span<const std::uint8_t> symbols, std::size_t columns,
                 Bytes& out);
// Reads exactly all of `coded`; the error names what is wrong with it.
[[nodiscard]] Result<void> rans_decode(const SymbolModel& model, ByteView coded, std::size_t columns,
                                       std::span<std::uint8_t> symbols);

// The same without a model: frequencies are learnt from the symbols already coded.
void rans_encode_adaptive(std::size_t alphabet, std::span<const std::uint8_t> symbols, std::size_t columns,
                          Bytes& out);
[[nodiscard]] Result<void> rans_decode_adaptive(std::size_t alphabet, ByteView coded, std::size_t columns,
                                                std::span<std::uint8_t> symbols);

}  // namespace kvferry
