// SPDX-License-Identifier: MIT
//
// What a ChunkDecoder holds of one card: of a pipeline's (codec 1) or of bit planes (codec 2).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "codec/decoder.h"
#include "codec/preset.h"

namespace kvferry {

// "NAME is GOT, expected EXPECTED", of a manifest's number.
[[nodiscard]] inline std::string quoted(const char* name, std::uint64_t got, const std::string& expected) {
  return std::string(name) + " is " + std::to_string(got) + ", expected " + expected;
}

class CardContents {
 public:
  virtual ~CardContents() = default;
  // The chunk's size is the table's. What came too early may be kept; when that turns out bad later, its
  // index is added to `lost` and the error is the first such chunk's.
  [[nodiscard]] virtual Result<void> add(std::uint32_t index, ByteView payload,
                                         std::vector<std::uint32_t>& lost) = 0;
  // The cache as far as it is known: of every layer the rows of which both K and V are. May have no rows.
  [[nodiscard]] virtual Result<KvCache> snapshot() const = 0;
  // When every chunk has been added: the cache, which is then gone from here.
  [[nodiscard]] virtual Result<KvCache> take() = 0;
};

// Both check the chunk table: every row of every layer is covered once. The manifest is valid, and its
// calibration is in the options if it has one.
[[nodiscard]] Result<std::unique_ptr<CardContents>> open_pipeline_contents(const Manifest& manifest,
                                                                           const Preset& preset,
                                                                           const DecodeOptions& options);
[[nodiscard]] Result<std::unique_ptr<CardContents>> open_plane_contents(const Manifest& manifest,
                                                                        const Preset& preset,
                                                                        const DecodeOptions& options);

}  // namespace kvferry
