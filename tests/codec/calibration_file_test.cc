// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "codec/calibration/calibration.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

Calibration small_calibration() {
  const KvCache cache = testing::gaussian_cache({2, 2, 8}, 70);
  return std::move(*calibrate(std::span(&cache, 1), 1e4, sha256(as_bytes("weights")), 6));
}

SymbolModel model_of(std::size_t contexts, std::size_t alphabet) {
  SymbolCounts counts(contexts, alphabet);
  std::vector<std::uint8_t> symbols(64 * contexts);
  for (std::size_t i = 0; i < symbols.size(); ++i) symbols[i] = static_cast<std::uint8_t>(i * i % alphabet);
  counts.add(symbols, contexts);
  return SymbolModel::from_counts(counts);
}

Calibration calibration_with_pipelines() {
  Calibration calibration = small_calibration();
  calibration.pipelines.push_back({"transform=rope+pca | quant=int4", {}});
  calibration.pipelines.push_back({"quant=fp16/int2", {}});
  calibration.pipelines[0].models.assign(4, model_of(16, 16));
  calibration.pipelines[1].models = {std::nullopt, model_of(1, 4), std::nullopt, model_of(1, 4)};
  return calibration;
}

TEST(CalibrationFile, reads_back_what_was_written_and_writes_the_same_bytes) {
  const Calibration calibration = calibration_with_pipelines();
  const Bytes bytes = calibration.serialize();
  const auto parsed = Calibration::parse(bytes);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(*parsed, calibration);
  EXPECT_EQ(parsed->serialize(), bytes);
  EXPECT_NE(parsed->models_of("quant=fp16/int2"), nullptr);
  EXPECT_EQ(parsed->models_of("quant=int8"), nullptr);
}

TEST(CalibrationFile, layout_is_the_documented_one) {
  const Bytes bytes = small_calibration().serialize();
  const std::uint8_t begin[] = {0x89, 'K', 'V', 'C', 'A', 'L', 'B', 0x0a, 2, 0, 0, 0, 2, 2, 8};
  ASSERT_TRUE(std::equal(std::begin(begin), std::end(begin), bytes.begin()));
  const std::size_t basis = 1 + 16 * 4 + 6 * 4 + 6 * 16 * 2;
  const std::size_t moments = 2 * 16 * 4;
  EXPECT_EQ(bytes.size(), sizeof begin + 8 + 32 + 2 * (2 * basis + 2 * moments + 4) + 2);
  EXPECT_EQ(bytes[sizeof begin + 40], 6);  // rank of layer 0's K
}

TEST(CalibrationFile, is_loaded_from_disk_with_the_digest_of_its_bytes) {
  const auto file = testing::temporary_path("loaded.calibration");
  const Bytes bytes = calibration_with_pipelines().serialize();
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  const auto loaded = read_calibration_file(file);
  std::filesystem::remove(file);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ((*loaded)->digest, sha256(bytes));
  EXPECT_EQ((*loaded)->calibration, calibration_with_pipelines());
  const auto absent = read_calibration_file(file);
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().message.rfind(file.string(), 0), 0U);
}

TEST(CalibrationFile, every_truncation_and_extension_is_an_error) {
  Bytes bytes = calibration_with_pipelines().serialize();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Calibration::parse(ByteView(bytes).first(size)).ok()) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(Calibration::parse(bytes).ok());
}

// A flipped byte is an error or another calibration that writes exactly these bytes.
TEST(CalibrationFile, what_parses_is_written_back_byte_for_byte) {
  const Bytes bytes = calibration_with_pipelines().serialize();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      Bytes changed = bytes;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ flip);
      const auto parsed = Calibration::parse(changed);
      if (parsed.ok()) {
        EXPECT_EQ(parsed->serialize(), changed) << "byte " << at;
      }
    }
  }
}

void put_float(Bytes& bytes, std::size_t at, float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(bits >> (8 * i));
}

TEST(CalibrationFile, numbers_that_lie_are_named) {
  const Bytes good = small_calibration().serialize();
  const auto error = [&good](std::size_t at, std::initializer_list<std::uint8_t> put) {
    Bytes bytes = good;
    std::copy(put.begin(), put.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    const auto parsed = Calibration::parse(bytes);
    return parsed.ok() ? std::string("parsed") : parsed.error().message;
  };
  EXPECT_EQ(error(0, {0x88}), "calibration: magic at byte 0: expected a calibration file's");
  EXPECT_EQ(error(8, {1}), "calibration: version at byte 8: expected 2");
  EXPECT_EQ(error(12, {0}), "calibration: layers at byte 12: expected a number from 1 to 1024");
  EXPECT_EQ(error(14, {7}), "calibration: head_dim at byte 14: expected an even number");
  EXPECT_EQ(error(55, {17}), "calibration: layer 0 K basis rank at byte 55: expected a number from 1 to 16");
  EXPECT_EQ(error(15, {0, 0, 0, 0, 0, 0, 0xf0, 0x7f}),
            "calibration: rope_theta at byte 15: expected a number from 1");
  const std::size_t variance = 56 + 16 * 4;
  const std::size_t vectors = variance + 6 * 4;
  EXPECT_EQ(error(vectors + 2, {0x01, 0x3c}),
            "calibration: layer 0 K basis vectors entry 1 at byte 144: expected -1 to 1");
  Bytes ascending = good;
  put_float(ascending, variance + 4, 1e9F);
  EXPECT_EQ(Calibration::parse(ascending).error().message,
            "calibration: layer 0 K basis variance at byte 120: expected descending");
  Bytes nan = good;
  put_float(nan, 56, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(Calibration::parse(nan).error().message,
            "calibration: layer 0 K basis mean number 0 at byte 56: expected -65504.000000 to 65504.000000");
}

TEST(CalibrationFile, sizes_that_the_bytes_do_not_pay_for_are_refused_at_once) {
  Bytes bytes = small_calibration().serialize();
  bytes.resize(56);
  // 1024 layers of 1024 heads of 4096: the mean alone would be 16 MiB.
  Bytes huge(bytes.begin(), bytes.begin() + 12);
  for (const std::uint32_t number : {1024, 1024, 4096}) {
    huge.push_back(static_cast<std::uint8_t>(0x40 | number >> 8));
    huge.push_back(static_cast<std::uint8_t>(number));
  }
  huge.insert(huge.end(), bytes.begin() + 15, bytes.end());
  EXPECT_EQ(Calibration::parse(huge).error().message,
            "calibration: layer 0 K basis mean at byte 59: expected 16777216 more bytes");
}

TEST(CalibrationFile, pipelines_are_printable_text) {
  Calibration calibration = calibration_with_pipelines();
  calibration.pipelines[0].pipeline = "quant=int4\n";
  const auto parsed = Calibration::parse(calibration.serialize());
  ASSERT_FALSE(parsed.ok());
  EXPECT_NE(parsed.error().message.find("pipeline 0 text at byte"), std::string::npos);
  EXPECT_NE(parsed.error().message.find("expected printable ASCII"), std::string::npos);
}

TEST(CalibrationFile, two_tables_for_one_pipeline_are_refused) {
  Calibration calibration = calibration_with_pipelines();
  calibration.pipelines[1] = calibration.pipelines[0];
  EXPECT_FALSE(Calibration::parse(calibration.serialize()).ok());
}

}  // namespace
}  // namespace kvferry
