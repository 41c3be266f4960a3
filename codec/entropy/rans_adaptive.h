// SPDX-License-Identifier: MIT
//
// rANS without tables: frequencies are learnt from the symbols already coded, of this block
// alone. A column's own past says where its next symbol lies and how far it strays; columns
// that stray as far share what is learnt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

// Appends the coded symbols [rows][columns], every one below the alphabet (2 .. 256). columns is at least 1.
void rans_encode_adaptive(std::size_t alphabet, std::span<const std::uint8_t> symbols, std::size_t columns,
                          Bytes& out);

// Reads exactly all of `coded`; the error says what is wrong with it. What has been written to `symbols` is
// then undefined, but below the alphabet.
[[nodiscard]] Result<void> rans_decode_adaptive(std::size_t alphabet, ByteView coded, std::size_t columns,
                                                std::span<std::uint8_t> symbols);

}  // namespace kvferry
