// SPDX-License-Identifier: MIT
#include "codec/entropy/entropy.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <string>

#include "protocol/base/rng.h"

namespace kvferry {
namespace {

using Buffer = std::vector<std::uint8_t>;

Buffer compressible(std::size_t n) {
  Rng rng(5);
  Buffer body(n);
  for (std::uint8_t& byte : body) byte = static_cast<std::uint8_t>(rng.below(5));
  return body;
}

Buffer zstd_of(const Buffer& body) {
  Buffer coded;
  EntropyEncoder encoder({EntropyCoder::kZstd, 3});
  EXPECT_EQ(encoder.append(body, coded), EntropyCoder::kZstd);
  return coded;
}

std::string decode_error(const Buffer& coded, std::size_t size) {
  Buffer body(size);
  const auto decoded = entropy_decode(EntropyCoder::kZstd, coded, body);
  return decoded ? "no error" : decoded.error().message;
}

TEST(Entropy, zstd_and_none_give_the_body_back) {
  const Buffer body = compressible(5000);
  const Buffer coded = zstd_of(body);
  EXPECT_LT(coded.size(), body.size() / 2);
  Buffer back(body.size());
  ASSERT_TRUE(entropy_decode(EntropyCoder::kZstd, coded, back).ok());
  EXPECT_EQ(back, body);
  back.assign(body.size(), 0);
  ASSERT_TRUE(entropy_decode(EntropyCoder::kNone, body, back).ok());
  EXPECT_EQ(back, body);
}

TEST(Entropy, what_zstd_cannot_shrink_travels_as_it_is) {
  Rng rng(6);
  Buffer body(300);
  for (std::uint8_t& byte : body) byte = static_cast<std::uint8_t>(rng.next());
  Buffer out = {1, 2};
  EntropyEncoder encoder({EntropyCoder::kZstd, 19});
  EXPECT_EQ(encoder.append(body, out), EntropyCoder::kNone);
  EXPECT_EQ(out.size(), 302U);
}

TEST(Entropy, only_one_frame_of_exactly_the_expected_content_is_accepted) {
  const Buffer body = compressible(1000);
  const Buffer coded = zstd_of(body);
  EXPECT_EQ(decode_error(coded, 1000), "no error");
  EXPECT_EQ(decode_error(coded, 999), "zstd content is 1000 bytes, expected 999");
  Buffer twice = coded;
  twice.insert(twice.end(), coded.begin(), coded.end());
  EXPECT_EQ(decode_error(twice, 1000), "zstd payload is " + std::to_string(twice.size()) +
                                           " bytes, expected " + std::to_string(coded.size()));
  EXPECT_EQ(decode_error({}, 1000), "zstd magic number is wrong, expected 28b52ffd");
  const Buffer skippable = {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};
  EXPECT_EQ(decode_error(skippable, 0), "zstd magic number is wrong, expected 28b52ffd");
  EXPECT_NE(decode_error(Buffer(coded.begin(), coded.end() - 1), 1000), "no error");
  Buffer body_of_999(999);
  EXPECT_EQ(entropy_decode(EntropyCoder::kNone, body, body_of_999).error().message,
            "body is 1000 bytes, expected 999");
}

TEST(Entropy, a_frame_without_content_size_is_refused) {
  const Buffer body = compressible(1000);
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  Buffer coded(ZSTD_compressBound(body.size()));
  coded.resize(ZSTD_compress2(context, coded.data(), coded.size(), body.data(), body.size()));
  ZSTD_freeCCtx(context);
  EXPECT_EQ(decode_error(coded, 1000), "zstd content size is absent, expected 1000");
}

}  // namespace
}  // namespace kvferry
