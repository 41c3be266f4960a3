// SPDX-License-Identifier: MIT
#include "codec/quant/quantizer.h"

#include <cassert>
#include <vector>

#include "codec/quant/bitpack.h"
#include "codec/quant/decode_rows.h"
#include "codec/quant/encode_rows.h"
#include "codec/quant/grouping.h"

namespace kvferry {

std::size_t parameter_bytes(const QuantSpec& spec, const BlockShape& shape) {
  return 2 * parameter_count(spec, shape);
}

void quantize(const QuantSpec& spec, const BlockShape& shape, const float* values, std::uint8_t* parameters,
              std::uint8_t* symbols) {
  const KvView view{values,      DType::kF32,    Device::kCpu,    shape.rows,
                    shape.heads, shape.head_dim, shape.columns(), shape.head_dim};
  std::vector<std::uint16_t> halves(parameter_count(spec, shape));
  std::vector<float> work;
  SymbolSink sink(shape, symbols);
  [[maybe_unused]] const bool fits = encode_rows(spec, view, work, halves.data(), sink);
  assert(fits);
  split_planes(halves.data(), halves.size(), parameters);
}

Result<void> dequantize(const QuantSpec& spec, const BlockShape& shape, const std::uint8_t* parameters,
                        const std::uint8_t* symbols, float* values) {
  std::vector<std::uint16_t> halves(parameter_count(spec, shape));
  join_planes(parameters, halves.size(), halves.data());
  std::vector<float> work;
  SymbolSource source(shape, symbols);
  return decode_rows(spec, shape, halves.data(), source, work, values);
}

}  // namespace kvferry
