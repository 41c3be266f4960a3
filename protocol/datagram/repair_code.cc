// SPDX-License-Identifier: MIT
#include "protocol/datagram/repair_code.h"

#include <isa-l/erasure_code.h>

#include <algorithm>
#include <cassert>

namespace kvferry {
namespace {

std::uint8_t coefficient(std::size_t sources, std::size_t repair, std::size_t source) {
  return gf_inv(static_cast<unsigned char>((sources + repair) ^ source));
}

// matrix: a row of inputs.size() coefficients for each output.
std::vector<Bytes> multiply(Bytes& matrix, const std::vector<const Bytes*>& inputs) {
  constexpr std::size_t kTableBytes = 32;
  const std::size_t rows = matrix.size() / inputs.size();
  const std::size_t size = inputs.front()->size();
  std::vector<Bytes> outputs(rows, Bytes(size));
  std::vector<unsigned char*> in, out;
  // The library reads only, but its parameter is not const.
  for (const Bytes* input : inputs) in.push_back(const_cast<unsigned char*>(input->data()));
  for (Bytes& output : outputs) out.push_back(output.data());
  Bytes tables(kTableBytes * matrix.size());
  const int columns = static_cast<int>(inputs.size());
  ec_init_tables(columns, static_cast<int>(rows), matrix.data(), tables.data());
  ec_encode_data(static_cast<int>(size), columns, static_cast<int>(rows), tables.data(), in.data(),
                 out.data());
  return outputs;
}

// What the repair symbols say about the missing sources alone: each without the share of the sources here.
std::vector<Bytes> syndromes(std::size_t sources, const std::vector<std::size_t>& here,
                             const std::vector<const Bytes*>& symbols,
                             std::span<const RepairSymbol> repairs) {
  std::vector<const Bytes*> inputs = symbols;
  for (const RepairSymbol& repair : repairs) inputs.push_back(&repair.bytes);
  Bytes matrix;
  for (std::size_t j = 0; j < repairs.size(); ++j) {
    for (std::size_t i : here) matrix.push_back(coefficient(sources, repairs[j].index, i));
    for (std::size_t other = 0; other < repairs.size(); ++other) matrix.push_back(other == j ? 1 : 0);
  }
  return multiply(matrix, inputs);
}

// The inverse of the part of the code that turns missing sources into syndromes.
Bytes inverse_of(std::size_t sources, const std::vector<std::size_t>& missing,
                 std::span<const RepairSymbol> repairs) {
  Bytes square;
  for (const RepairSymbol& repair : repairs) {
    for (std::size_t i : missing) square.push_back(coefficient(sources, repair.index, i));
  }
  Bytes inverse(square.size());
  [[maybe_unused]] int singular =
      gf_invert_matrix(square.data(), inverse.data(), static_cast<int>(missing.size()));
  assert(singular == 0);  // no square part of a Cauchy matrix is
  return inverse;
}

}  // namespace

Bytes source_symbol(ByteView frames, std::size_t symbol_bytes) {
  assert(!frames.empty() && kSymbolHeadBytes + frames.size() <= symbol_bytes &&
         symbol_bytes <= kMaxSymbolBytes);
  Bytes symbol;
  symbol.reserve(symbol_bytes);
  put_le(symbol, static_cast<std::uint16_t>(frames.size()));
  append(symbol, frames);
  symbol.resize(symbol_bytes);
  return symbol;
}

std::optional<ByteView> frames_of_symbol(ByteView symbol) {
  const std::size_t size = load_le<std::uint16_t>(symbol.data());
  const ByteView rest = symbol.subspan(kSymbolHeadBytes);
  if (size == 0 || size > rest.size()) return std::nullopt;
  const ByteView padding = rest.subspan(size);
  if (std::any_of(padding.begin(), padding.end(), [](std::uint8_t b) { return b != 0; })) return std::nullopt;
  return rest.first(size);
}

std::vector<Bytes> encode_repair(std::span<const Bytes> sources, std::size_t count) {
  assert(!sources.empty() && sources.size() <= kMaxRepairSources && count <= kMaxRepairSymbols);
  if (count == 0) return {};
  Bytes matrix;
  std::vector<const Bytes*> inputs;
  for (const Bytes& source : sources) inputs.push_back(&source);
  for (std::size_t j = 0; j < count; ++j) {
    for (std::size_t i = 0; i < sources.size(); ++i) matrix.push_back(coefficient(sources.size(), j, i));
  }
  return multiply(matrix, inputs);
}

std::vector<Bytes> solve_missing(std::span<const Bytes> sources, std::span<const RepairSymbol> repairs) {
  std::vector<std::size_t> here, missing;
  std::vector<const Bytes*> symbols;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    (sources[i].empty() ? missing : here).push_back(i);
    if (!sources[i].empty()) symbols.push_back(&sources[i]);
  }
  assert(missing.size() <= repairs.size());
  if (missing.empty()) return {};
  repairs = repairs.first(missing.size());
  Bytes inverse = inverse_of(sources.size(), missing, repairs);
  const auto of_missing = syndromes(sources.size(), here, symbols, repairs);
  symbols.clear();
  for (const Bytes& syndrome : of_missing) symbols.push_back(&syndrome);
  return multiply(inverse, symbols);
}

}  // namespace kvferry
