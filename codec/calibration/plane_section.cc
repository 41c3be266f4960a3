// SPDX-License-Identifier: MIT
#include "codec/calibration/plane_section.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>
#include <utility>

#include "codec/half.h"
#include "codec/planes/plane_contexts.h"
#include "protocol/base/varint.h"

namespace kvferry {
namespace {

void put_reals(Bytes& out, const std::vector<float>& values) {
  for (const float value : values) put_le(out, std::bit_cast<std::uint32_t>(value));
}

void put_basis(const WeightedBasis& basis, Bytes& out) {
  put_varint(out, basis.rank());
  put_reals(out, basis.mean);
  put_reals(out, basis.tolerance);
  for (const std::int8_t spread : basis.spread) out.push_back(static_cast<std::uint8_t>(spread));
  for (const float entry : basis.vectors) put_le(out, float_to_half(entry));
}

Result<WeightedBasis> read_basis(FieldReader& in, const std::string& what, std::size_t channels) {
  WeightedBasis basis;
  basis.columns = channels;
  const auto rank = in.number(what + " rank", 1, static_cast<std::uint32_t>(channels));
  if (!rank) return rank.error();
  auto mean = in.reals(what + " mean", channels, -kHalfMax, kHalfMax);
  if (!mean) return mean.error();
  auto tolerance = in.reals(what + " tolerance", *rank, 0x1p-60F, 0x1p60F);
  if (!tolerance) return tolerance.error();
  const auto spread = in.bytes(what + " spread", *rank);
  if (!spread) return spread.error();
  for (const std::uint8_t byte : *spread) {
    const auto value = static_cast<std::int8_t>(byte);
    const bool fits = value >= -WeightedBasis::kMaxSpread && value <= WeightedBasis::kMaxSpread;
    if (!fits || (!basis.spread.empty() && value > basis.spread.back())) {
      return in.error(what + " spread", "descending numbers from 63 to -63");
    }
    basis.spread.push_back(value);
  }
  auto vectors = in.entries(what + " vectors", *rank * channels);
  if (!vectors) return vectors.error();
  basis.mean = std::move(*mean);
  basis.tolerance = std::move(*tolerance);
  basis.vectors = std::move(*vectors);
  return basis;
}

Result<ContextTables::Shares> read_shares(FieldReader& in, const std::string& what) {
  const auto bytes = in.bytes(what, 4);
  if (!bytes) return bytes.error();
  const auto zero = load_le<std::uint16_t>(bytes->data());
  const auto one = load_le<std::uint16_t>(bytes->data() + 2);
  if (zero < 1 || one < 1 || unsigned{zero} + one > ContextTables::kOne) {
    return in.error(what, "two numbers from 1, together at most 4096");
  }
  return ContextTables::Shares{zero, one};
}

}  // namespace

void put_planes(const PlaneCalibration& planes, Bytes& out) {
  for (const WeightedBasis& basis : planes.bases) put_basis(basis, out);
  for (std::size_t context = 0; context < plane_context::kCount; ++context) {
    const auto shares = planes.tables.get(context);
    put_le(out, shares.zero);
    put_le(out, shares.one);
  }
}

Result<PlaneCalibration> read_planes(FieldReader& in, const KvGeometry& geometry) {
  PlaneCalibration planes;
  for (std::size_t layer = 0; layer < geometry.layers; ++layer) {
    for (const KvTensor tensor : {KvTensor::kKey, KvTensor::kValue}) {
      const std::string what = "layer " + std::to_string(layer) + ' ' + to_string(tensor) + " planes";
      auto basis = read_basis(in, what, geometry.channels());
      if (!basis) return basis.error();
      planes.bases.push_back(std::move(*basis));
    }
  }
  for (std::size_t context = 0; context < plane_context::kCount; ++context) {
    const auto shares = read_shares(in, "planes context " + std::to_string(context));
    if (!shares) return shares.error();
    // A magnitude is refined by one bit, and the rest of a delay is one.
    const bool is_binary = (context >= plane_context::kRefine && context < plane_context::kDelay) ||
                           context == plane_context::kLongDelay;
    if (is_binary && unsigned{shares->zero} + shares->one != ContextTables::kOne) {
      return in.error("planes context " + std::to_string(context), "two numbers that make 4096");
    }
    planes.tables.set(context, *shares);
  }
  return planes;
}

}  // namespace kvferry
