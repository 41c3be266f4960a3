// SPDX-License-Identifier: MIT
#include "codec/entropy/symbol_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>

#include "codec/entropy/table_search.h"
#include "tests/codec/symbols.h"

namespace kvferry {
namespace {

using testing::laplace_symbols;
using testing::Symbols;

SymbolCounts count(const Symbols& symbols, std::size_t columns, std::size_t contexts, std::size_t alphabet) {
  SymbolCounts counts(contexts, alphabet);
  counts.add(symbols, columns);
  return counts;
}

// Mean bits that counts cost with any frequencies, by the definition.
double bits_of(const std::vector<std::uint64_t>& counts, const std::vector<double>& frequencies) {
  double bits = 0, total = 0, sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    total += frequencies[i];
    sum += static_cast<double>(counts[i]);
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) bits -= static_cast<double>(counts[i]) * std::log2(frequencies[i] / total);
  }
  return bits / sum;
}

Bytes serialized(const SymbolModel& model) {
  Bytes out;
  model.serialize(out);
  return out;
}

std::string parse_error(const Bytes& bytes, std::size_t max_contexts = 8) {
  ByteView in = bytes;
  const auto model = SymbolModel::parse(in, max_contexts);
  return model ? "no error" : model.error().message;
}

TEST(SymbolModel, frequencies_sum_to_4096_and_every_symbol_keeps_one) {
  Rng rng(2);
  for (std::size_t alphabet = 2; alphabet <= 256; ++alphabet) {
    for (const std::uint64_t scale : {0ULL, 1ULL, 3ULL, 1000000ULL}) {
      std::vector<std::uint64_t> counts(alphabet);
      for (std::uint64_t& c : counts) c = rng.chance(0.5) ? rng.below(scale + 1) : 0;
      if (rng.chance(0.5)) counts[rng.below(alphabet)] = 1ULL << 40;
      const auto frequencies = normalise(counts);
      ASSERT_EQ(std::accumulate(frequencies.begin(), frequencies.end(), 0), 4096) << alphabet;
      for (const std::uint16_t f : frequencies) ASSERT_GE(f, 1) << alphabet;
    }
  }
}

TEST(SymbolModel, no_other_frequencies_cost_less) {
  Rng rng(3);
  for (int time = 0; time < 2; ++time) {
    const std::vector<std::uint64_t> counts = {1 + rng.below(5000), rng.below(50), rng.below(3)};
    const auto ours = normalise(counts);
    const double bits = bits_of(counts, {ours.begin(), ours.end()});
    for (int a = 1; a < 4095; ++a) {
      for (int b = 1; a + b < 4096; b += 1 + b / 64) {
        const std::vector<double> other = {double(a), double(b), double(4096 - a - b)};
        ASSERT_GE(bits_of(counts, other), bits - 1e-9) << a << " " << b;
      }
    }
  }
}

TEST(SymbolModel, cost_is_that_of_its_frequencies) {
  const Symbols symbols = laplace_symbols(64, 4, 31);
  const SymbolCounts counts = count(symbols, 4, 1, 31);
  const SymbolModel model = SymbolModel::from_counts(counts);
  const auto f = model.frequencies(0);
  const auto row = counts.of(0);
  EXPECT_NEAR(model.cost_bits(counts), bits_of({row.begin(), row.end()}, {f.begin(), f.end()}), 1e-4);
  EXPECT_EQ(model.cost_bits(SymbolCounts(1, 31)), 0);
}

TEST(SymbolModel, one_context_costs_its_entropy) {
  for (const std::size_t alphabet : {15U, 31U, 255U}) {
    const SymbolCounts counts = count(laplace_symbols(512, 256, alphabet), 256, 1, alphabet);
    const auto row = counts.of(0);
    const double entropy = bits_of({row.begin(), row.end()}, {row.begin(), row.end()});
    EXPECT_LT(SymbolModel::from_counts(counts).cost_bits(counts), entropy * 1.005) << alphabet;
  }
}

TEST(SymbolModel, columns_that_differ_cost_less_with_tables_of_their_own) {
  const Symbols symbols = laplace_symbols(512, 64, 31);
  const SymbolCounts counts = count(symbols, 64, 64, 31);
  double before = 100;
  for (const std::size_t tables : {1U, 4U, 16U, 64U}) {
    const SymbolModel model = SymbolModel::from_counts(counts, tables);
    EXPECT_LE(model.tables(), tables);
    EXPECT_LT(model.cost_bits(counts), before) << tables;
    before = model.cost_bits(counts);
  }
  double own = 0;
  for (std::size_t column = 0; column < 64; ++column) {
    const auto row = counts.of(column);
    own += bits_of({row.begin(), row.end()}, {row.begin(), row.end()}) / 64;
  }
  EXPECT_LT(before, own * 1.005);
}

TEST(SymbolModel, columns_that_are_alike_share_a_table) {
  Symbols symbols;
  for (int row = 0; row < 100; ++row) {
    for (int column = 0; column < 32; ++column) {
      symbols.push_back(static_cast<std::uint8_t>(column % 2 == 0 ? row % 3 : 5 + row % 3));
    }
  }
  const SymbolModel model = SymbolModel::from_counts(count(symbols, 32, 32, 9));
  EXPECT_EQ(model.tables(), 2U);
  EXPECT_EQ(model.table_of(0), model.table_of(30));
  EXPECT_EQ(model.table_of(1), model.table_of(31));
  EXPECT_NE(model.table_of(0), model.table_of(1));
}

TEST(SymbolModel, the_smallest_model_counts_its_own_bytes) {
  const auto total = [](const SymbolModel& model, const SymbolCounts& counts, double symbols) {
    return static_cast<double>(serialized(model).size()) + model.cost_bits(counts) * symbols / 8;
  };
  const SymbolCounts few = count(laplace_symbols(4, 64, 31), 64, 64, 31);
  EXPECT_EQ(SymbolModel::smallest(few).tables(), 1U);
  const SymbolCounts many = count(laplace_symbols(512, 64, 31), 64, 64, 31);
  const SymbolModel smallest = SymbolModel::smallest(many);
  EXPECT_GT(smallest.tables(), 1U);
  for (const std::size_t tables : {1U, 64U}) {
    EXPECT_LE(total(smallest, many, 512 * 64), total(SymbolModel::from_counts(many, tables), many, 512 * 64));
  }
}

TEST(SymbolModel, comes_back_from_its_bytes_and_leaves_what_follows) {
  for (const std::size_t alphabet : {2U, 3U, 31U, 255U, 256U}) {
    for (const std::size_t contexts : {1U, 64U, 300U}) {
      const Symbols symbols = laplace_symbols(16, contexts, alphabet);
      const SymbolModel model = SymbolModel::from_counts(count(symbols, contexts, contexts, alphabet));
      Bytes bytes = serialized(model);
      bytes.push_back(77);
      ByteView in = bytes;
      const auto back = SymbolModel::parse(in, 300);
      ASSERT_TRUE(back.ok()) << back.error().message;
      EXPECT_EQ(*back, model);
      ASSERT_EQ(in.size(), 1U);
      EXPECT_EQ(in[0], 77);
    }
  }
}

TEST(SymbolModel, the_documented_example_is_these_bytes) {
  const Bytes example = {0x01, 0x02, 0x01, 0x8b, 0xb7, 0x83, 0xe7};
  ByteView in = example;
  const auto model = SymbolModel::parse(in, 1);
  ASSERT_TRUE(model.ok());
  const auto f = model->frequencies(0);
  EXPECT_EQ(std::vector<int>(f.begin(), f.end()), (std::vector<int>{3000, 1000, 96}));
  EXPECT_EQ(serialized(*model), example);
}

TEST(SymbolModel, lies_are_named) {
  EXPECT_EQ(parse_error({}), "symbol model: contexts is cut off");
  EXPECT_EQ(parse_error({0}), "symbol model: contexts is 0, expected 1 to 8");
  EXPECT_EQ(parse_error({9}), "symbol model: contexts is 9, expected 1 to 8");
  EXPECT_EQ(parse_error({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}),
            "symbol model: contexts is 4611686018427387903, expected 1 to 8");
  EXPECT_EQ(parse_error({1}), "symbol model: last symbol is cut off");
  EXPECT_EQ(parse_error({1, 0}), "symbol model: last symbol is 0, expected 1 to 255");
  EXPECT_EQ(parse_error({1, 1}), "symbol model: tables is cut off");
  EXPECT_EQ(parse_error({1, 1, 0}), "symbol model: tables is 0, expected 1 to 1");
  EXPECT_EQ(parse_error({3, 1, 4}), "symbol model: tables is 4, expected 1 to 3");
  EXPECT_EQ(parse_error({3, 1, 2, 0, 1}), "symbol model: table of a context is cut off");
  EXPECT_EQ(parse_error({3, 1, 2, 1, 0, 0}), "symbol model: table of context 0 is 1, expected at most 0");
  EXPECT_EQ(parse_error({3, 1, 2, 0, 1, 2}), "symbol model: table of context 2 is 2, expected at most 1");
  EXPECT_EQ(parse_error({3, 1, 2, 0, 0, 0}), "symbol model: tables in use is 1, expected 2");
  EXPECT_EQ(parse_error({1, 1, 1}), "symbol model: frequency 0 of table 0 less 1 is cut off");
  EXPECT_EQ(parse_error({1, 1, 1, 0x80}), "symbol model: frequency 0 of table 0 less 1 is cut off");
  EXPECT_EQ(parse_error({1, 1, 1, 0x80, 0x7f}),
            "symbol model: frequency 0 of table 0 less 1 is 127, expected its shortest form");
  EXPECT_EQ(parse_error({1, 1, 1, 0x8f, 0xff}),
            "symbol model: frequency 0 of table 0 less 1 is 4095, expected less than what is left of 4096");
  EXPECT_EQ(parse_error({1, 2, 1, 0x8f, 0xfd, 1}),
            "symbol model: frequency 1 of table 0 less 1 is 1, expected less than what is left of 4096");
  EXPECT_EQ(parse_error({1, 1, 1, 0x8f, 0xfe}), "no error");
}

}  // namespace
}  // namespace kvferry
