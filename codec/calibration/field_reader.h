// SPDX-License-Identifier: MIT
//
// The fields of a calibration file, read in turn. An error names the field, the byte where it begins
// and what was expected there. Lists are taken from the bytes before memory is taken for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "codec/entropy/symbol_model.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/base/varint.h"

namespace kvferry {

class FieldReader {
 public:
  explicit FieldReader(ByteView bytes) : in_(bytes) {}

  // Of the field read last.
  [[nodiscard]] Error error(const std::string& what, const std::string& expected) const;

  [[nodiscard]] Result<ByteView> bytes(const std::string& what, std::uint64_t size);
  // A varint.
  [[nodiscard]] Result<std::uint32_t> number(const std::string& what, std::uint32_t least,
                                             std::uint32_t most);
  // FP32.
  [[nodiscard]] Result<std::vector<float>> reals(const std::string& what, std::size_t count, float least,
                                                 float most);
  // FP16, from -1 to 1.
  [[nodiscard]] Result<std::vector<float>> entries(const std::string& what, std::size_t count);
  [[nodiscard]] Result<SymbolModel> model(const std::string& what, std::size_t max_contexts);
  // Nothing may follow.
  [[nodiscard]] Result<void> end();

 private:
  ByteReader in_;
  std::size_t begin_ = 0;  // of the field read last
};

}  // namespace kvferry
