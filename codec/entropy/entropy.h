// SPDX-License-Identifier: MIT
//
// Entropy coding of a chunk's body: whole buffers in, whole buffers out. The size of
// what comes out of decoding is known beforehand, and nothing else is accepted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "codec/preset.h"
#include "protocol/base/result.h"

namespace kvferry {

// Keeps the compressor's working memory from one chunk to the next.
class EntropyEncoder {
 public:
  explicit EntropyEncoder(EntropyStage stage);
  ~EntropyEncoder();
  EntropyEncoder(EntropyEncoder&&) noexcept;
  EntropyEncoder& operator=(EntropyEncoder&&) noexcept;

  // Appends the coded body to out and says which coder was used: none when the stage's
  // coder would not make it smaller.
  [[nodiscard]] EntropyCoder append(std::span<const std::uint8_t> body, std::vector<std::uint8_t>& out);

 private:
  struct Context;
  EntropyStage stage_;
  std::unique_ptr<Context> context_;
};

// Fills body, whose size is what the coded bytes must decode to. zstd: exactly one
// frame, content size present and equal to body's, no dictionary, no bytes after it.
[[nodiscard]] Result<void> entropy_decode(EntropyCoder coder, std::span<const std::uint8_t> coded,
                                          std::span<std::uint8_t> body);

}  // namespace kvferry
