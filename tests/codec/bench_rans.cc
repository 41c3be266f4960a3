// SPDX-License-Identifier: MIT
//
// Symbols a second of the entropy coders, one thread, blocks of 64 rows of 256 columns of
// Laplace symbols; `bits` is the coded size of a symbol, `entropy` that of one table for all.
#include <benchmark/benchmark.h>

#include <cmath>

#include "codec/entropy/rans.h"
#include "codec/entropy/rans_adaptive.h"
#include "tests/codec/symbols.h"

namespace kvferry {
namespace {

constexpr std::size_t kColumns = 256;
constexpr std::size_t kBlock = 64 * kColumns;
constexpr std::size_t kBlocks = 16;

enum class Tables { kOne, kByColumn, kAdaptive };

class Blocks {
 public:
  Blocks(std::size_t alphabet, Tables tables)
      : alphabet_(alphabet),
        tables_(tables),
        symbols_(testing::laplace_symbols(64 * kBlocks, kColumns, alphabet)),
        counts_(tables == Tables::kByColumn ? kColumns : 1, alphabet) {
    counts_.add(symbols_, kColumns);
  }

  [[nodiscard]] SymbolModel model() const { return SymbolModel::from_counts(counts_); }
  [[nodiscard]] std::span<const std::uint8_t> block(std::size_t i) const {
    return std::span(symbols_).subspan(i * kBlock, kBlock);
  }
  void encode(const RansEncoder& encoder, std::size_t i, Bytes& out) const {
    if (tables_ == Tables::kAdaptive) {
      rans_encode_adaptive(alphabet_, block(i), kColumns, out);
    } else {
      encoder.encode(block(i), kColumns, out);
    }
  }
  void decode(const RansDecoder& decoder, const Bytes& coded, std::span<std::uint8_t> symbols) const {
    const auto decoded = tables_ == Tables::kAdaptive
                             ? rans_decode_adaptive(alphabet_, coded, kColumns, symbols)
                             : decoder.decode(coded, kColumns, symbols);
    if (!decoded) std::abort();
  }

 private:
  std::size_t alphabet_;
  Tables tables_;
  testing::Symbols symbols_;
  SymbolCounts counts_;
};

double entropy(const Blocks& blocks, std::size_t alphabet) {
  std::vector<double> count(alphabet);
  for (std::size_t i = 0; i < kBlocks; ++i) {
    for (const std::uint8_t symbol : blocks.block(i)) ++count[symbol];
  }
  double bits = 0;
  for (const double c : count) bits -= c > 0 ? c * std::log2(c / (kBlock * kBlocks)) : 0;
  return bits / (kBlock * kBlocks);
}

void count_symbols(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBlock * kBlocks));
}

void encode(benchmark::State& state, Tables tables) {
  const auto alphabet = static_cast<std::size_t>(state.range(0));
  const Blocks blocks(alphabet, tables);
  const RansEncoder encoder(blocks.model());
  Bytes out;
  for (auto _ : state) {
    out.clear();
    for (std::size_t i = 0; i < kBlocks; ++i) blocks.encode(encoder, i, out);
    benchmark::DoNotOptimize(out.data());
  }
  count_symbols(state);
  state.counters["bits"] = static_cast<double>(out.size()) * 8 / (kBlock * kBlocks);
  state.counters["entropy"] = entropy(blocks, alphabet);
}

void decode(benchmark::State& state, Tables tables) {
  const auto alphabet = static_cast<std::size_t>(state.range(0));
  const Blocks blocks(alphabet, tables);
  const SymbolModel model = blocks.model();
  const RansEncoder encoder(model);
  const RansDecoder decoder(model);
  std::vector<Bytes> coded(kBlocks);
  for (std::size_t i = 0; i < kBlocks; ++i) blocks.encode(encoder, i, coded[i]);
  testing::Symbols symbols(kBlock);
  for (auto _ : state) {
    for (const Bytes& block : coded) blocks.decode(decoder, block, symbols);
    benchmark::DoNotOptimize(symbols.data());
  }
  count_symbols(state);
}

void make_model(benchmark::State& state) {
  const Blocks blocks(static_cast<std::size_t>(state.range(0)), Tables::kByColumn);
  for (auto _ : state) benchmark::DoNotOptimize(blocks.model());
}

BENCHMARK_CAPTURE(encode, one_table, Tables::kOne)->Arg(15)->Arg(31)->Arg(255);
BENCHMARK_CAPTURE(encode, by_column, Tables::kByColumn)->Arg(15)->Arg(31)->Arg(255);
BENCHMARK_CAPTURE(encode, adaptive, Tables::kAdaptive)->Arg(15)->Arg(31)->Arg(255);
BENCHMARK_CAPTURE(decode, one_table, Tables::kOne)->Arg(15)->Arg(31)->Arg(255);
BENCHMARK_CAPTURE(decode, by_column, Tables::kByColumn)->Arg(15)->Arg(31)->Arg(255);
BENCHMARK_CAPTURE(decode, adaptive, Tables::kAdaptive)->Arg(15)->Arg(31)->Arg(255);
BENCHMARK(make_model)->Arg(15)->Arg(31)->Arg(255)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kvferry

BENCHMARK_MAIN();
