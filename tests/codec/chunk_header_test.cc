// SPDX-License-Identifier: MIT
#include "codec/chunk/chunk_header.h"

#include <gtest/gtest.h>

namespace kvferry {
namespace {

constexpr QuantSpec kInt4{QuantKind::kAffine, Along::kChannel, 16, 64};
constexpr QuantSpec kRotated3{QuantKind::kRotated, Along::kTensor, 8, 0};

ChunkHeader sample() {
  ChunkHeader header;
  header.coder = EntropyCoder::kRansStatic;
  header.segments = 2;
  header.row_segment = {1, 0, 0, 0, 1};
  for (const QuantSpec& spec : {kInt4, kInt4, kRotated3, kRotated3})
    header.codings.push_back({spec, true, {}});
  header.codings.resize(8);  // the second segment is fp16
  return header;
}

Bytes bytes_of(const ChunkHeader& header) {
  Bytes out;
  header.serialize(out);
  return out;
}

std::string error_of(const Bytes& bytes, std::size_t layers = 2, std::size_t rows = 5) {
  ByteReader in(bytes);
  const auto header = ChunkHeader::parse(in, layers, rows);
  return header ? "no error" : header.error().message;
}

TEST(ChunkHeader, what_is_written_is_read) {
  const ChunkHeader header = sample();
  const Bytes bytes = bytes_of(header);
  // coder, segments, map of five rows, runs of 2, 2 and 4
  EXPECT_EQ(bytes.size(), 1U + 1 + 2 + 3 * 4);
  ByteReader in(bytes);
  const auto again = ChunkHeader::parse(in, 2, 5);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(again->coder, header.coder);
  EXPECT_EQ(again->row_segment, header.row_segment);
  EXPECT_EQ(again->codings, header.codings);
  EXPECT_EQ(again->coding(0, KvTensor::kValue, 1).spec, kRotated3);
  EXPECT_EQ(again->coding(1, KvTensor::kKey, 0).spec, QuantSpec{});
  EXPECT_EQ(again->rows_of(0), (std::vector<std::uint32_t>{1, 2, 3}));
}

TEST(ChunkHeader, every_cut_is_an_error) {
  const Bytes bytes = bytes_of(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(error_of(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))), "no error")
        << size;
  }
}

TEST(ChunkHeader, fields_that_no_writer_makes_are_named) {
  const Bytes good = bytes_of(sample());
  const auto with = [&good](std::size_t at, std::uint8_t value) {
    Bytes bad = good;
    bad[at] = value;
    return bad;
  };
  EXPECT_EQ(error_of(with(0, 5)), "entropy coder is 5, expected 0 to 4");
  EXPECT_EQ(error_of(with(1, 0)), "segments: 0, expected 1 to 4");
  EXPECT_EQ(error_of(with(2, 0x03)), "row map: row 0 is of segment 3, expected below 2");
  EXPECT_EQ(error_of(with(2, 0x00)), "no error");  // row 4 is still of segment 1
  EXPECT_EQ(error_of(with(3, 0x05)), "row map: unused bits are set, expected zero");
  EXPECT_EQ(error_of(with(4, 0)), "block codings: a run of 0, expected 1 to 8");
  EXPECT_EQ(error_of(with(4, 9)), "block codings: a run of 9, expected 1 to 8");
  EXPECT_EQ(error_of(with(5, 0x07)), "block 0: quantizer is 7, expected 0 to 4");
  EXPECT_EQ(error_of(with(6, 16)), "block 0: alphabet is 17, expected one that the quantizer has");
  EXPECT_EQ(error_of(with(7, 2)), "block 0: group exponent is 2, expected 3 to 7");
  EXPECT_EQ(error_of(good, 2, 1), "segments: 2, expected 1 to 1");
}

}  // namespace
}  // namespace kvferry
