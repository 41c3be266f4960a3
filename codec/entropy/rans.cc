// SPDX-License-Identifier: MIT
#include "codec/entropy/rans.h"

#include <cassert>

#include "codec/entropy/rans_state.h"
#include "codec/entropy/rans_vector.h"

namespace kvferry {
namespace {

constexpr unsigned kBits = SymbolModel::kProbabilityBits;
constexpr std::uint32_t kSlotMask = SymbolModel::kProbabilityOne - 1;

}  // namespace

RansEncoder::RansEncoder(const SymbolModel& model)
    : contexts_(model.contexts()), alphabet_(model.alphabet()) {
  for (std::size_t context = 0; context < contexts_; ++context) {
    table_at_.push_back(static_cast<std::uint32_t>(model.table_of(context) * alphabet_));
  }
  for (std::size_t table = 0; table < model.tables(); ++table) {
    std::uint32_t start = 0;
    for (const std::uint16_t frequency : model.table(table)) {
      ranges_.push_back({static_cast<std::uint16_t>(start), frequency});
      start += frequency;
    }
  }
}

void RansEncoder::encode(std::span<const std::uint8_t> symbols, [[maybe_unused]] std::size_t columns,
                         Bytes& out) const {
  assert(contexts_ == 1 || columns == contexts_);
  rans::Writer writer(out, symbols.size(), rans_states(symbols.size()));
  std::size_t context = symbols.size() % contexts_;
  for (std::size_t i = symbols.size(); i-- > 0;) {
    context = (context == 0 ? contexts_ : context) - 1;
    assert(symbols[i] < alphabet_);
    const Range range = ranges_[table_at_[context] + symbols[i]];
    writer.put(i, range.start, range.frequency, kBits);
  }
  writer.finish();
}

RansDecoder::RansDecoder(const SymbolModel& model) : contexts_(model.contexts()) {
  // The columns' pattern and as much of its repetition as a run of states may reach into.
  for (std::size_t i = 0; i < contexts_ + rans::kMaxStates; ++i) {
    table_at_.push_back(static_cast<std::uint32_t>(model.table_of(i % contexts_) << kBits));
  }
  slots_.reserve(model.tables() << kBits);
  for (std::size_t table = 0; table < model.tables(); ++table) {
    const auto frequencies = model.table(table);
    for (std::uint32_t symbol = 0; symbol < frequencies.size(); ++symbol) {
      for (std::uint32_t offset = 0; offset < frequencies[symbol]; ++offset) {
        slots_.push_back(symbol << 24 | std::uint32_t{frequencies[symbol]} << kBits | offset);
      }
    }
  }
}

Result<void> RansDecoder::decode(ByteView coded, std::size_t columns, std::span<std::uint8_t> symbols) const {
  if (contexts_ != 1 && columns != contexts_) {
    return Error{"rans: " + std::to_string(columns) + " columns, expected the model's " +
                 std::to_string(contexts_)};
  }
  auto reader = rans::Reader::open(coded, symbols.size(), rans_states(symbols.size()));
  if (!reader) return reader.error();
  std::size_t i = 0;
  if (reader->states == rans::kMaxStates) {
    i = rans::decode_runs({slots_.data(), table_at_.data(), contexts_}, *reader, symbols.data(),
                          symbols.size());
  }
  std::size_t context = i % contexts_;
  for (; i < symbols.size(); ++i) {
    std::uint32_t& state = reader->state[i % reader->states];
    const std::uint32_t entry = slots_[table_at_[context] + (state & kSlotMask)];
    symbols[i] = static_cast<std::uint8_t>(entry >> 24);
    if (!reader->advance(state, entry >> kBits & kSlotMask, entry & kSlotMask, kBits)) {
      return rans::Reader::missing_word(i);
    }
    if (++context == contexts_) context = 0;
  }
  return reader->close();
}

}  // namespace kvferry
