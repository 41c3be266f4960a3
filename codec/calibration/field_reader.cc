// SPDX-License-Identifier: MIT
#include "codec/calibration/field_reader.h"

#include <bit>
#include <cmath>

#include "codec/half.h"

namespace kvferry {

Error FieldReader::error(const std::string& what, const std::string& expected) const {
  return {"calibration: " + what + " at byte " + std::to_string(begin_) + ": expected " + expected};
}

Result<ByteView> FieldReader::bytes(const std::string& what, std::uint64_t size) {
  begin_ = in_.position();
  const auto taken = in_.take(size);
  if (!taken) return error(what, std::to_string(size) + " more bytes");
  return *taken;
}

Result<std::uint32_t> FieldReader::number(const std::string& what, std::uint32_t least, std::uint32_t most) {
  begin_ = in_.position();
  const auto value = in_.take_varint();
  if (!value || *value < least || *value > most) {
    return error(what, "a number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<std::uint32_t>(*value);
}

Result<std::vector<float>> FieldReader::reals(const std::string& what, std::size_t count, float least,
                                              float most) {
  const auto raw = bytes(what, std::uint64_t{count} * sizeof(float));
  if (!raw) return raw.error();
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = std::bit_cast<float>(load_le<std::uint32_t>(raw->data() + i * sizeof(float)));
    if (!(values[i] >= least && values[i] <= most)) {
      return error(what + " number " + std::to_string(i),
                   std::to_string(least) + " to " + std::to_string(most));
    }
  }
  return values;
}

Result<std::vector<float>> FieldReader::entries(const std::string& what, std::size_t count) {
  const auto raw = bytes(what, std::uint64_t{count} * sizeof(std::uint16_t));
  if (!raw) return raw.error();
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = half_to_float(load_le<std::uint16_t>(raw->data() + i * sizeof(std::uint16_t)));
    if (!(std::abs(values[i]) <= 1.0F)) return error(what + " entry " + std::to_string(i), "-1 to 1");
  }
  return values;
}

Result<SymbolModel> FieldReader::model(const std::string& what, std::size_t max_contexts) {
  begin_ = in_.position();
  const ByteView before = in_.rest();
  ByteView rest = before;
  auto parsed = SymbolModel::parse(rest, max_contexts);
  if (!parsed) return parsed.error().in("calibration: " + what + " at byte " + std::to_string(begin_));
  static_cast<void>(in_.take(before.size() - rest.size()));
  return parsed;
}

Result<void> FieldReader::end() {
  begin_ = in_.position();
  if (in_.at_end()) return {};
  return error("end", "no more bytes, but " + std::to_string(in_.rest().size()) + " follow");
}

}  // namespace kvferry
