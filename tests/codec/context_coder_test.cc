// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "codec/entropy/context_coder.h"
#include "protocol/base/rng.h"

namespace kvferry {
namespace {

// Shares from even to nearly certain; every fourth context has no 2.
ContextTables sample_tables() {
  ContextTables tables;
  Rng rng(3);
  for (std::size_t context = 0; context < ContextTables::kContexts; ++context) {
    const auto zero = static_cast<std::uint16_t>(1 + rng.below(4093));
    const std::uint64_t rest = 4096 - zero;
    const bool is_binary = context % 4 == 0;
    const auto one = static_cast<std::uint16_t>(is_binary ? rest : 1 + rng.below(rest - 1));
    tables.set(context, {zero, one});
  }
  return tables;
}

struct Pass {
  std::vector<std::uint8_t> contexts, symbols;
};

std::vector<Pass> draw_passes(const ContextTables& tables, std::initializer_list<std::size_t> sizes,
                              std::uint64_t seed) {
  Rng rng(seed);
  std::vector<Pass> passes;
  for (const std::size_t size : sizes) {
    Pass& pass = passes.emplace_back();
    for (std::size_t i = 0; i < size; ++i) {
      const auto context = static_cast<std::uint8_t>(rng.below(ContextTables::kContexts));
      const auto [zero, one] = tables.get(context);
      const std::uint64_t slot = rng.below(4096);
      pass.contexts.push_back(context);
      pass.symbols.push_back(slot < zero ? 0 : slot < unsigned{zero} + one ? 1 : 2);
    }
  }
  return passes;
}

Bytes encode(const ContextTables& tables, const std::vector<Pass>& passes) {
  ContextEncoder encoder(tables);
  for (const Pass& pass : passes) {
    const auto room = encoder.add_pass(pass.symbols.size());
    std::copy(pass.contexts.begin(), pass.contexts.end(), room.contexts.begin());
    std::copy(pass.symbols.begin(), pass.symbols.end(), room.symbols.begin());
  }
  Bytes out;
  encoder.finish(out);
  return out;
}

Result<std::vector<Pass>> decode(const ContextTables& tables, const std::vector<Pass>& like, ByteView coded) {
  auto decoder = ContextDecoder::open(tables, coded);
  if (!decoder) return decoder.error();
  std::vector<Pass> passes;
  for (const Pass& pass : like) {
    Pass& read = passes.emplace_back(Pass{pass.contexts, std::vector<std::uint8_t>(pass.symbols.size())});
    if (auto done = decoder->decode_pass(read.contexts, read.symbols); !done) return done.error();
  }
  if (auto closed = decoder->close(); !closed) return closed.error();
  return passes;
}

TEST(ContextCoder, reads_back_passes_of_every_length) {
  const ContextTables tables = sample_tables();
  for (const auto sizes : {std::initializer_list<std::size_t>{0},
                           {1},
                           {15},
                           {16, 0, 17},
                           {100, 1, 1000},
                           {2000, 3, 40000, 31}}) {
    const auto passes = draw_passes(tables, sizes, 8);
    const Bytes coded = encode(tables, passes);
    const auto read = decode(tables, passes, coded);
    ASSERT_TRUE(read.ok()) << read.error().message;
    for (std::size_t i = 0; i < passes.size(); ++i) EXPECT_EQ((*read)[i].symbols, passes[i].symbols);
  }
}

TEST(ContextCoder, takes_no_more_than_the_entropy_and_a_little) {
  const ContextTables tables = sample_tables();
  const auto passes = draw_passes(tables, {100000}, 4);
  double bits = 0;
  for (std::size_t i = 0; i < passes[0].symbols.size(); ++i) {
    const auto [zero, one] = tables.get(passes[0].contexts[i]);
    const double shares[] = {static_cast<double>(zero), static_cast<double>(one),
                             4096.0 - static_cast<double>(zero) - static_cast<double>(one)};
    bits -= std::log2(shares[passes[0].symbols[i]] / 4096);
  }
  EXPECT_LT(static_cast<double>(encode(tables, passes).size()), 1.002 * bits / 8 + 80);
}

TEST(ContextCoder, few_symbols_have_one_state_and_many_sixteen) {
  const ContextTables tables = sample_tables();
  EXPECT_EQ(encode(tables, draw_passes(tables, {1000}, 1))[0], 0);
  EXPECT_EQ(encode(tables, draw_passes(tables, {9000}, 1))[0], 2);
  EXPECT_EQ(encode(tables, draw_passes(tables, {90000}, 1))[0], 4);
}

TEST(ContextCoder, what_is_cut_off_or_goes_on_is_an_error) {
  const ContextTables tables = sample_tables();
  const auto passes = draw_passes(tables, {500, 700}, 2);
  const Bytes coded = encode(tables, passes);
  for (std::size_t size = 0; size < coded.size(); ++size) {
    EXPECT_FALSE(decode(tables, passes, ByteView(coded).first(size)).ok()) << size;
  }
  Bytes longer = coded;
  longer.insert(longer.end(), 2, 0);
  EXPECT_FALSE(decode(tables, passes, longer).ok());
  Bytes states = coded;
  states[0] = 5;
  EXPECT_EQ(decode(tables, passes, states).error().message,
            "rans: log2 of the states is 5, expected at most 4");
}

TEST(ContextCoder, counts_what_it_would_write) {
  const ContextTables tables = sample_tables();
  const auto passes = draw_passes(tables, {400}, 2);
  ContextEncoder encoder(tables);
  const auto room = encoder.add_pass(400);
  std::copy(passes[0].contexts.begin(), passes[0].contexts.end(), room.contexts.begin());
  std::copy(passes[0].symbols.begin(), passes[0].symbols.end(), room.symbols.begin());
  ContextCounts counts{};
  encoder.count(counts);
  ContextCounts expected{};
  for (std::size_t i = 0; i < 400; ++i) ++expected[passes[0].contexts[i]][passes[0].symbols[i]];
  EXPECT_EQ(counts, expected);
}

}  // namespace
}  // namespace kvferry
