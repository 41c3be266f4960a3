// SPDX-License-Identifier: MIT
//
// Where a block's symbols go to and come from, row by row: one a byte as they are, or packed.
// Rows that fill whole bytes are packed one at a time, from a buffer that stays in cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/quant/spec.h"
#include "protocol/base/result.h"

namespace kvferry {

class SymbolSink {
 public:
  // One symbol a byte.
  SymbolSink(const BlockShape& shape, std::uint8_t* symbols);
  // Packed; buffer is working memory.
  SymbolSink(const BlockShape& shape, unsigned bits, std::uint8_t* packed, std::vector<std::uint8_t>& buffer);

  // Place for the symbols of a row; finish_row follows, before the next row.
  [[nodiscard]] std::uint8_t* row(std::size_t row);
  void finish_row(std::size_t row);
  // After the last row.
  void finish();

 private:
  BlockShape shape_;
  unsigned bits_ = 8;
  std::uint8_t* out_;
  std::vector<std::uint8_t>* buffer_ = nullptr;  // null where symbols are stored as they are
  bool rows_fill_bytes_ = true;
};

class SymbolSource {
 public:
  SymbolSource(const BlockShape& shape, const std::uint8_t* symbols);
  SymbolSource(const BlockShape& shape, unsigned bits, const std::uint8_t* packed,
               std::vector<std::uint8_t>& buffer);

  // Once, before the first row. The error says that unused bits are set.
  [[nodiscard]] Result<void> begin();
  // The symbols of a row, until the next call.
  [[nodiscard]] const std::uint8_t* row(std::size_t row);

 private:
  BlockShape shape_;
  unsigned bits_ = 8;
  const std::uint8_t* in_;
  std::vector<std::uint8_t>* buffer_ = nullptr;
  bool rows_fill_bytes_ = true;
};

}  // namespace kvferry
