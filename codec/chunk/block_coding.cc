// SPDX-License-Identifier: MIT
#include "codec/chunk/block_coding.h"

#include <bit>
#include <string>

namespace kvferry {
namespace {

constexpr unsigned kAlongShift = 3;
constexpr unsigned kRopeShift = 5;
constexpr unsigned kColumnsShift = 6;

Error field(const char* name, std::size_t got, const std::string& expected) {
  return {std::string(name) + " is " + std::to_string(got) + ", expected " + expected};
}

bool has_group(const QuantSpec& spec) {
  const bool grouped = spec.along == Along::kChannel || spec.along == Along::kGroup;
  return grouped && (spec.kind == QuantKind::kAffine || spec.kind == QuantKind::kSymmetric);
}

// Whether the kind has an alphabet of this size.
bool fits_alphabet(const QuantSpec& spec) {
  switch (spec.kind) {
    case QuantKind::kFp16:
      return spec.symbols == 0;
    case QuantKind::kAffine:
    case QuantKind::kRotated:
      return std::has_single_bit(unsigned{spec.symbols}) && spec.symbols >= 2;
    case QuantKind::kSymmetric:
      return spec.symbols == 2 || (spec.symbols >= 3 && spec.symbols % 2 == 1);
    case QuantKind::kComponents:
      return spec.symbols == 256;
  }
  return false;
}

Result<void> check(const BlockCoding& coding) {
  const QuantSpec& spec = coding.spec;
  if (!fits_alphabet(spec)) return field("alphabet", spec.symbols, "one that the quantizer has");
  const bool scaled = spec.kind == QuantKind::kAffine || spec.kind == QuantKind::kSymmetric;
  if (!scaled && spec.along != Along::kTensor) {
    return field("grouping", static_cast<std::size_t>(spec.along), "0 for this quantizer");
  }
  if (spec.kind == QuantKind::kComponents && coding.columns != ColumnTransform::kPca) {
    return field("transform", static_cast<std::size_t>(coding.columns), "2 (pca) for components");
  }
  if (spec.kind == QuantKind::kRotated && coding.columns != ColumnTransform::kNone) {
    return field("transform", static_cast<std::size_t>(coding.columns), "0 for a rotation");
  }
  return {};
}

}  // namespace

void put_block_coding(const BlockCoding& coding, Bytes& out) {
  const QuantSpec& spec = coding.spec;
  out.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(spec.kind) |
                                          (static_cast<unsigned>(spec.along) << kAlongShift) |
                                          (static_cast<unsigned>(coding.undo_rope) << kRopeShift) |
                                          (static_cast<unsigned>(coding.columns) << kColumnsShift)));
  out.push_back(static_cast<std::uint8_t>(spec.symbols == 0 ? 0 : spec.symbols - 1));
  out.push_back(static_cast<std::uint8_t>(spec.group == 0 ? 0 : std::countr_zero(unsigned{spec.group})));
}

Result<BlockCoding> parse_block_coding(ByteView bytes) {
  const unsigned kind = bytes[0] & 7U;
  if (kind > static_cast<unsigned>(QuantKind::kComponents)) return field("quantizer", kind, "0 to 4");
  BlockCoding coding;
  coding.spec.kind = static_cast<QuantKind>(kind);
  coding.spec.along = static_cast<Along>((bytes[0] >> kAlongShift) & 3U);
  coding.undo_rope = ((bytes[0] >> kRopeShift) & 1U) != 0;
  coding.columns = static_cast<ColumnTransform>(bytes[0] >> kColumnsShift);
  const bool fp16 = coding.spec.kind == QuantKind::kFp16;
  if (fp16 && bytes[1] != 0) return field("alphabet", bytes[1] + std::size_t{1}, "0 for fp16");
  coding.spec.symbols = static_cast<std::uint16_t>(fp16 ? 0 : bytes[1] + 1);
  if (has_group(coding.spec)) {
    if (bytes[2] < 3 || bytes[2] > 7) return field("group exponent", bytes[2], "3 to 7");
    coding.spec.group = static_cast<std::uint16_t>(1U << bytes[2]);
  } else if (bytes[2] != 0) {
    return field("group exponent", bytes[2], "0");
  }
  if (auto checked = check(coding); !checked) return checked.error();
  return coding;
}

}  // namespace kvferry
