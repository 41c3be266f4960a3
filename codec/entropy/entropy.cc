// SPDX-License-Identifier: MIT
#include "codec/entropy/entropy.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace kvferry {
namespace {

Error wrong_size(const char* what, unsigned long long got, std::size_t expected) {
  return {std::string(what) + " is " + std::to_string(got) + " bytes, expected " + std::to_string(expected)};
}

// A frame that says its own content size, needs no dictionary, and ends where the bytes end.
Result<void> check_zstd_frame(std::span<const std::uint8_t> coded, std::size_t body_size) {
  constexpr std::uint8_t kMagic[4] = {0x28, 0xb5, 0x2f, 0xfd};
  if (coded.size() < sizeof kMagic || std::memcmp(coded.data(), kMagic, sizeof kMagic) != 0) {
    return Error{"zstd magic number is wrong, expected 28b52ffd"};
  }
  const unsigned long long content = ZSTD_getFrameContentSize(coded.data(), coded.size());
  if (content == ZSTD_CONTENTSIZE_ERROR || content == ZSTD_CONTENTSIZE_UNKNOWN) {
    return Error{"zstd content size is absent, expected " + std::to_string(body_size)};
  }
  if (content != body_size) return wrong_size("zstd content", content, body_size);
  if (ZSTD_getDictID_fromFrame(coded.data(), coded.size()) != 0) {
    return Error{"zstd frame names a dictionary, expected none"};
  }
  const std::size_t frame = ZSTD_findFrameCompressedSize(coded.data(), coded.size());
  if (ZSTD_isError(frame)) return Error{std::string("zstd frame: ") + ZSTD_getErrorName(frame)};
  if (frame != coded.size()) return wrong_size("zstd payload", coded.size(), frame);
  return {};
}

}  // namespace

struct EntropyEncoder::Context {
  ZSTD_CCtx* zstd = ZSTD_createCCtx();
  std::vector<std::uint8_t> scratch;
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ZSTD_freeCCtx(zstd); }
};

EntropyEncoder::EntropyEncoder(EntropyStage stage) : stage_(stage), context_(std::make_unique<Context>()) {}
EntropyEncoder::~EntropyEncoder() = default;
EntropyEncoder::EntropyEncoder(EntropyEncoder&&) noexcept = default;
EntropyEncoder& EntropyEncoder::operator=(EntropyEncoder&&) noexcept = default;

EntropyCoder EntropyEncoder::append(std::span<const std::uint8_t> body, std::vector<std::uint8_t>& out) {
  if (stage_.coder == EntropyCoder::kZstd && context_->zstd != nullptr) {
    std::vector<std::uint8_t>& scratch = context_->scratch;
    scratch.resize(ZSTD_compressBound(body.size()));
    const std::size_t size = ZSTD_compressCCtx(context_->zstd, scratch.data(), scratch.size(), body.data(),
                                               body.size(), stage_.level);
    if (!ZSTD_isError(size) && size < body.size()) {
      out.insert(out.end(), scratch.begin(), scratch.begin() + static_cast<std::ptrdiff_t>(size));
      return EntropyCoder::kZstd;
    }
  }
  out.insert(out.end(), body.begin(), body.end());
  return EntropyCoder::kNone;
}

Result<void> entropy_decode(EntropyCoder coder, std::span<const std::uint8_t> coded,
                            std::span<std::uint8_t> body) {
  if (coder == EntropyCoder::kNone) {
    if (coded.size() != body.size()) return wrong_size("body", coded.size(), body.size());
    std::copy(coded.begin(), coded.end(), body.begin());
    return {};
  }
  if (auto valid = check_zstd_frame(coded, body.size()); !valid) return valid;
  const std::size_t size = ZSTD_decompress(body.data(), body.size(), coded.data(), coded.size());
  if (ZSTD_isError(size)) return Error{std::string("zstd: ") + ZSTD_getErrorName(size)};
  if (size != body.size()) return wrong_size("zstd content", size, body.size());
  return {};
}

}  // namespace kvferry
