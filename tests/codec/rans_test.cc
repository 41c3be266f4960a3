// SPDX-License-Identifier: MIT
#include "codec/entropy/rans.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <string>

#include "tests/codec/symbols.h"

namespace kvferry {
namespace {

using testing::laplace_symbols;
using testing::Symbols;
using testing::uniform_symbols;

struct Block {
  SymbolModel model;
  Symbols symbols;
  std::size_t columns;
  Bytes coded;
};

Block code(Symbols symbols, std::size_t columns, std::size_t contexts, std::size_t alphabet) {
  SymbolCounts counts(contexts, alphabet);
  counts.add(symbols, columns);
  Block block{SymbolModel::from_counts(counts), std::move(symbols), columns, {}};
  RansEncoder(block.model).encode(block.symbols, columns, block.coded);
  return block;
}

// FORMAT.md's text, step by step: one symbol at a time, the table searched from its beginning.
Result<Symbols> decode_plainly(const SymbolModel& model, const Bytes& in, std::size_t columns,
                               std::size_t n) {
  const std::size_t states = n < 8192 ? 1 : 16;
  if (in.size() < 4 * states) return Error{"cut"};
  std::vector<std::uint64_t> x(states);
  for (std::size_t s = 0; s < states; ++s) {
    for (std::size_t b = 0; b < 4; ++b) x[s] += std::uint64_t{in[4 * s + b]} << (8 * b);
    if (x[s] < 65536) return Error{"first state"};
  }
  std::size_t at = 4 * states;
  Symbols symbols;
  for (std::size_t i = 0; i < n; ++i) {
    const auto f = model.frequencies(model.contexts() == 1 ? 0 : i % columns);
    std::uint64_t& state = x[i % states];
    const std::uint64_t slot = state % 4096;
    std::uint64_t start = 0;
    std::size_t k = 0;
    while (slot >= start + f[k]) start += f[k++];
    symbols.push_back(static_cast<std::uint8_t>(k));
    state = f[k] * (state / 4096) + slot - start;
    if (state < 65536) {
      if (at + 2 > in.size()) return Error{"missing word"};
      state = state * 65536 + in[at] + 256U * in[at + 1];
      at += 2;
    }
  }
  if (at != in.size()) return Error{"words left"};
  for (const std::uint64_t state : x) {
    if (state != 65536) return Error{"last state"};
  }
  return symbols;
}

void expect_round_trip(const Block& block, const std::string& what) {
  Symbols back(block.symbols.size());
  const auto decoded = RansDecoder(block.model).decode(block.coded, block.columns, back);
  ASSERT_TRUE(decoded.ok()) << what << ": " << decoded.error().message;
  ASSERT_EQ(back, block.symbols) << what;
  const auto plain = decode_plainly(block.model, block.coded, block.columns, block.symbols.size());
  ASSERT_TRUE(plain.ok()) << what << ": " << plain.error().message;
  ASSERT_EQ(*plain, block.symbols) << what;
}

TEST(Rans, every_alphabet_comes_back_by_both_decoders) {
  for (std::size_t alphabet = 2; alphabet <= 256; ++alphabet) {
    const std::string what = "alphabet " + std::to_string(alphabet);
    expect_round_trip(code(laplace_symbols(33, 20, alphabet), 20, 20, alphabet), what);
    expect_round_trip(code(uniform_symbols(700, alphabet), 7, 1, alphabet), what);
  }
}

TEST(Rans, every_shape_comes_back_by_both_decoders) {
  for (const std::size_t columns : {1U, 2U, 3U, 15U, 16U, 17U, 31U, 80U, 256U, 300U}) {
    for (const std::size_t n : {0U, 1U, 2U, 17U, 300U, 8191U, 8192U, 8193U, 8207U, 16384U, 20001U}) {
      const std::string what = std::to_string(n) + " symbols, " + std::to_string(columns) + " columns";
      expect_round_trip(code(uniform_symbols(n, 23), columns, 1, 23), what);
      expect_round_trip(code(uniform_symbols(n, 23), columns, columns, 23), what);
    }
  }
}

TEST(Rans, every_processor_decodes_the_same) {
  const Block block = code(laplace_symbols(64, 256, 31), 256, 256, 31);
  const RansDecoder decoder(block.model);
  std::int64_t left = hwy::SupportedTargets();
  for (; left != 0; left &= left - 1) {
    hwy::SetSupportedTargetsForTest(left & -left);
    hwy::GetChosenTarget().DeInit();
    Symbols back(block.symbols.size());
    EXPECT_TRUE(decoder.decode(block.coded, 256, back).ok()) << hwy::TargetName(left & -left);
    EXPECT_EQ(back, block.symbols) << hwy::TargetName(left & -left);
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

TEST(Rans, a_constant_block_costs_next_to_nothing) {
  const Block block = code(Symbols(16384, 3), 256, 256, 15);
  expect_round_trip(block, "constant");
  EXPECT_LT(block.coded.size(), 64U + 16384 / 64);
}

TEST(Rans, symbols_that_the_model_never_saw_come_back) {
  Block block = code(Symbols(10000, 0), 100, 1, 256);
  block.symbols = uniform_symbols(10000, 256);
  block.coded.clear();
  RansEncoder(block.model).encode(block.symbols, 100, block.coded);
  expect_round_trip(block, "unseen");
}

TEST(Rans, size_is_within_half_a_percent_of_the_models_cost) {
  for (const std::size_t alphabet : {2U, 3U, 15U, 31U, 255U}) {
    for (const std::size_t contexts : {1U, 256U}) {
      const Symbols symbols = laplace_symbols(512, 256, alphabet);
      SymbolCounts counts(contexts, alphabet);
      counts.add(symbols, 256);
      const Block block = code(symbols, 256, contexts, alphabet);
      const double bytes = block.model.cost_bits(counts) * static_cast<double>(symbols.size()) / 8;
      EXPECT_LT(static_cast<double>(block.coded.size()), 1.005 * bytes) << alphabet << ", " << contexts;
    }
  }
}

TEST(Rans, appends_to_what_is_there) {
  const Block block = code(uniform_symbols(9000, 31), 50, 50, 31);
  Bytes out = {1, 2, 3};
  RansEncoder(block.model).encode(block.symbols, 50, out);
  ASSERT_EQ(out.size(), block.coded.size() + 3);
  EXPECT_EQ(Bytes(out.begin() + 3, out.end()), block.coded);
  EXPECT_EQ(out[2], 3);
}

TEST(Rans, the_documented_example_is_these_bytes) {
  const Bytes model_bytes = {0x01, 0x02, 0x01, 0x8b, 0xb7, 0x83, 0xe7};
  ByteView in = model_bytes;
  const auto model = SymbolModel::parse(in, 1);
  const Symbols symbols = {0, 0, 1, 0, 2, 0, 2, 2};
  Bytes coded;
  RansEncoder(*model).encode(symbols, 4, coded);
  EXPECT_EQ(coded, (Bytes{0x16, 0xda, 0x10, 0x00, 0x00, 0xc6}));
}

std::string decode_error(const Block& block, const Bytes& coded, std::size_t n) {
  Symbols back(n);
  const auto decoded = RansDecoder(block.model).decode(coded, block.columns, back);
  return decoded ? "no error" : decoded.error().message;
}

TEST(Rans, lies_about_sizes_and_states_are_named) {
  const Block block = code(uniform_symbols(100, 200), 10, 10, 200);
  EXPECT_EQ(decode_error(block, {}, 100), "rans: coded size is 0 bytes, expected even, 4 to 204");
  EXPECT_EQ(decode_error(block, Bytes(206, 1), 100),
            "rans: coded size is 206 bytes, expected even, 4 to 204");
  EXPECT_EQ(decode_error(block, Bytes(7, 1), 100), "rans: coded size is 7 bytes, expected even, 4 to 204");
  EXPECT_EQ(decode_error(block, {1, 0, 0, 0}, 100), "rans: state 0 is 1, expected at least 65536");
  EXPECT_EQ(decode_error(block, {0, 0, 1, 0}, 0), "no error");
  EXPECT_EQ(decode_error(block, {1, 0, 1, 0}, 0), "rans: state 0 ends at 65537, expected 65536");
  Bytes longer = block.coded;
  longer.insert(longer.end(), {0, 0});
  EXPECT_EQ(decode_error(block, longer, 100), "rans: 2 bytes after the last symbol, expected none");
  const Bytes shorter(block.coded.begin(), block.coded.end() - 2);
  EXPECT_NE(decode_error(block, shorter, 100).find("rans: words end at symbol "), std::string::npos);
  Symbols back(100);
  EXPECT_EQ(RansDecoder(block.model).decode(block.coded, 20, back).error().message,
            "rans: 20 columns, expected the model's 10");
}

// Copies of the exact size, so that the address sanitizer sees a byte too far.
TEST(Rans, damage_gives_the_same_error_or_symbols_by_both_decoders) {
  Rng rng(4);
  for (const std::size_t n : {500U, 8192U, 9001U}) {
    const Block block = code(laplace_symbols(n / 100 + 1, 100, 31), 100, 100, 31);
    const RansDecoder decoder(block.model);
    int errors = 0;
    for (int time = 0; time < 200; ++time) {
      Bytes damaged = block.coded;
      if (time % 4 == 0) damaged.resize(rng.below(damaged.size() / 2) * 2);
      for (int i = 0; i < 3 && !damaged.empty(); ++i) {
        damaged[rng.below(damaged.size())] = static_cast<std::uint8_t>(rng.next());
      }
      damaged.shrink_to_fit();
      Symbols back(block.symbols.size());
      const auto decoded = decoder.decode(damaged, 100, back);
      const auto plain = decode_plainly(block.model, damaged, 100, back.size());
      ASSERT_EQ(decoded.ok(), plain.ok()) << time;
      if (decoded.ok()) {
        ASSERT_EQ(back, *plain);
      }
      errors += !decoded.ok();
      for (const std::uint8_t symbol : back) ASSERT_LT(symbol, 31);
    }
    EXPECT_GT(errors, 195);
  }
}

}  // namespace
}  // namespace kvferry
