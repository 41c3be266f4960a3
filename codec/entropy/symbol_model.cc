// SPDX-License-Identifier: MIT
#include "codec/entropy/symbol_model.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "codec/entropy/table_search.h"
#include "protocol/base/varint.h"

namespace kvferry {
namespace {

Error wrong(const std::string& field, std::uint64_t got, const std::string& expected) {
  return {"symbol model: " + field + " is " + std::to_string(got) + ", expected " + expected};
}

Error cut(const std::string& field) { return {"symbol model: " + field + " is cut off"}; }

// Frequency less 1: one byte below 128, otherwise two, the first with the top bit set and bits 8 to 11.
void put_frequency(Bytes& out, std::uint32_t less_one) {
  if (less_one >= 128) out.push_back(static_cast<std::uint8_t>(0x80 | (less_one >> 8)));
  out.push_back(static_cast<std::uint8_t>(less_one));
}

std::optional<std::uint32_t> take_frequency(ByteReader& in) {
  const auto first = in.take_le<std::uint8_t>();
  if (!first || *first < 128) return first;
  const auto second = in.take_le<std::uint8_t>();
  if (!second) return std::nullopt;
  return (*first & 0x7fU) << 8 | *second;
}

// All frequencies of a table but the last, which is what they leave.
Result<void> take_table(ByteReader& in, std::size_t table, std::size_t alphabet,
                        std::vector<std::uint16_t>& out) {
  std::uint32_t left = SymbolModel::kProbabilityOne;
  for (std::size_t symbol = 0; symbol + 1 < alphabet; ++symbol) {
    const std::string field =
        "frequency " + std::to_string(symbol) + " of table " + std::to_string(table) + " less 1";
    const std::size_t before = in.position();
    const auto less_one = take_frequency(in);
    if (!less_one) return cut(field);
    if (in.position() - before == 2 && *less_one < 128) return wrong(field, *less_one, "its shortest form");
    if (*less_one + 1 >= left) return wrong(field, *less_one, "less than what is left of 4096");
    out.push_back(static_cast<std::uint16_t>(*less_one + 1));
    left -= *less_one + 1;
  }
  out.push_back(static_cast<std::uint16_t>(left));
  return {};
}

// Table numbers, of which each is an earlier one or the next.
Result<std::vector<std::uint8_t>> take_map(ByteReader& in, std::size_t contexts, std::size_t tables) {
  const auto map = in.take(contexts);
  if (!map) return cut("table of a context");
  std::size_t seen = 0;
  for (std::size_t context = 0; context < contexts; ++context) {
    const std::uint8_t table = (*map)[context];
    if (table > seen || table >= tables) {
      return wrong("table of context " + std::to_string(context), table,
                   "at most " + std::to_string(std::min(seen, tables - 1)));
    }
    if (table == seen) ++seen;
  }
  if (seen != tables) return wrong("tables in use", seen, std::to_string(tables));
  return std::vector<std::uint8_t>(map->begin(), map->end());
}

}  // namespace

SymbolCounts::SymbolCounts(std::size_t contexts, std::size_t alphabet)
    : contexts_(contexts), alphabet_(alphabet), counts_(contexts * alphabet) {
  assert(contexts >= 1 && alphabet >= 2 && alphabet <= 256);
}

void SymbolCounts::add(std::span<const std::uint8_t> symbols, std::size_t columns) {
  assert(contexts_ == 1 || columns == contexts_);
  if (contexts_ == 1) {
    for (const std::uint8_t symbol : symbols) ++counts_[symbol];
    return;
  }
  std::size_t context = 0;
  for (const std::uint8_t symbol : symbols) {
    ++counts_[context * alphabet_ + symbol];
    if (++context == columns) context = 0;
  }
}

std::span<const std::uint32_t> SymbolCounts::of(std::size_t context) const {
  return {counts_.data() + context * alphabet_, alphabet_};
}

SymbolModel SymbolModel::from_counts(const SymbolCounts& counts, std::size_t max_tables) {
  assert(max_tables >= 1 && max_tables <= kMaxTables);
  SymbolModel model(counts.contexts(), counts.alphabet());
  TableSearch found = search_tables(counts, max_tables);
  model.frequencies_ = std::move(found.frequencies);
  if (model.tables() > 1) model.table_of_ = std::move(found.table_of);
  return model;
}

SymbolModel SymbolModel::smallest(const SymbolCounts& counts) {
  double symbols = 0;
  for (std::size_t context = 0; context < counts.contexts(); ++context) {
    const auto row = counts.of(context);
    symbols = std::accumulate(row.begin(), row.end(), symbols);
  }
  std::optional<SymbolModel> best;
  double best_bytes = 0;
  for (std::size_t tables = 1; tables <= kMaxTables; tables *= 4) {
    SymbolModel model = from_counts(counts, tables);
    Bytes serialized;
    model.serialize(serialized);
    const double bytes = static_cast<double>(serialized.size()) + model.cost_bits(counts) * symbols / 8;
    if (best && bytes >= best_bytes) break;
    best = std::move(model);
    best_bytes = bytes;
  }
  return *std::move(best);
}

Result<SymbolModel> SymbolModel::parse(ByteView& in, std::size_t max_contexts) {
  ByteReader reader(in);
  const auto contexts = reader.take_varint();
  if (!contexts) return cut("contexts");
  if (*contexts == 0 || *contexts > max_contexts) {
    return wrong("contexts", *contexts, "1 to " + std::to_string(max_contexts));
  }
  const auto last_symbol = reader.take_le<std::uint8_t>();
  if (!last_symbol) return cut("last symbol");
  if (*last_symbol == 0) return wrong("last symbol", 0, "1 to 255");
  const auto tables = reader.take_le<std::uint8_t>();
  if (!tables) return cut("tables");
  if (*tables == 0 || *tables > kMaxTables || *tables > *contexts) {
    return wrong("tables", *tables, "1 to " + std::to_string(std::min<std::uint64_t>(*contexts, kMaxTables)));
  }
  SymbolModel model(static_cast<std::size_t>(*contexts), *last_symbol + std::size_t{1});
  if (*tables > 1) {
    auto map = take_map(reader, model.contexts_, *tables);
    if (!map) return map.error();
    model.table_of_ = std::move(*map);
  }
  for (std::size_t table = 0; table < *tables; ++table) {
    if (auto taken = take_table(reader, table, model.alphabet_, model.frequencies_); !taken) {
      return taken.error();
    }
  }
  in = reader.rest();
  return model;
}

void SymbolModel::serialize(Bytes& out) const {
  put_varint(out, contexts_);
  out.push_back(static_cast<std::uint8_t>(alphabet_ - 1));
  out.push_back(static_cast<std::uint8_t>(tables()));
  append(out, table_of_);
  for (std::size_t i = 0; i < tables(); ++i) {
    const auto frequencies = table(i);
    for (std::size_t symbol = 0; symbol + 1 < alphabet_; ++symbol) {
      put_frequency(out, frequencies[symbol] - 1U);
    }
  }
}

std::size_t SymbolModel::table_of(std::size_t context) const {
  return table_of_.empty() ? 0 : table_of_[context];
}

std::span<const std::uint16_t> SymbolModel::table(std::size_t table) const {
  return {frequencies_.data() + table * alphabet_, alphabet_};
}

double SymbolModel::cost_bits(const SymbolCounts& counts) const {
  assert(counts.alphabet() == alphabet_ && (contexts_ == 1 || counts.contexts() == contexts_));
  std::uint64_t bits = 0, symbols = 0;
  for (std::size_t context = 0; context < counts.contexts(); ++context) {
    const auto row = counts.of(context);
    const auto model = frequencies(contexts_ == 1 ? 0 : context);
    for (std::size_t symbol = 0; symbol < alphabet_; ++symbol) {
      bits += std::uint64_t{row[symbol]} * cost_of_frequency(model[symbol]);
      symbols += row[symbol];
    }
  }
  return symbols == 0 ? 0 : static_cast<double>(bits) / 65536 / static_cast<double>(symbols);
}

}  // namespace kvferry
