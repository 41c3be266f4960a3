// SPDX-License-Identifier: MIT
#include "codec/entropy/rans_adaptive.h"

#include <cassert>
#include <utility>
#include <vector>

#include "codec/entropy/adaptive_model.h"
#include "codec/entropy/rans_state.h"

namespace kvferry {
namespace {

constexpr unsigned kBits = AdaptiveDistribution::kBits;
constexpr std::uint32_t kSlotMask = (1U << kBits) - 1;

struct Range {
  std::uint16_t start, frequency;
};

Range learn_range(AdaptiveDistribution& distribution, std::size_t value) {
  const Range range{static_cast<std::uint16_t>(distribution.start(value)),
                    static_cast<std::uint16_t>(distribution.frequency(value))};
  distribution.learn(value);
  return range;
}

// The ranges of all steps, in order.
std::vector<Range> model_steps(std::size_t alphabet, std::span<const std::uint8_t> symbols,
                               std::size_t columns) {
  AdaptiveModel model(alphabet, columns);
  std::vector<Range> ranges;
  ranges.reserve(symbols.size() * model.steps());
  std::size_t row = 0, column = 0;
  for (const std::uint8_t symbol : symbols) {
    assert(symbol < alphabet);
    const std::size_t distance = model.distance(column, symbol);
    const std::size_t high = distance >> model.low_bits();
    ranges.push_back(learn_range(model.high(column), high));
    if (model.low_bits() > 0) {
      ranges.push_back(learn_range(model.low(high), distance - (high << model.low_bits())));
    }
    model.learn(row, column, symbol);
    if (++column == columns) {
      column = 0;
      ++row;
    }
  }
  return ranges;
}

// False when a word is missing.
bool take_step(rans::Reader& reader, AdaptiveDistribution& distribution, std::size_t& value) {
  std::uint32_t& state = reader.state[0];
  const std::uint32_t slot = state & kSlotMask;
  value = distribution.find(slot);
  const std::uint32_t start = distribution.start(value);
  const std::uint32_t frequency = distribution.frequency(value);
  distribution.learn(value);
  return reader.advance(state, frequency, slot - start, kBits);
}

}  // namespace

void rans_encode_adaptive(std::size_t alphabet, std::span<const std::uint8_t> symbols, std::size_t columns,
                          Bytes& out) {
  const std::vector<Range> ranges = model_steps(alphabet, symbols, columns);
  rans::Writer writer(out, ranges.size(), 1);
  for (std::size_t i = ranges.size(); i-- > 0;) writer.put(i, ranges[i].start, ranges[i].frequency, kBits);
  writer.finish();
}

Result<void> rans_decode_adaptive(std::size_t alphabet, ByteView coded, std::size_t columns,
                                  std::span<std::uint8_t> symbols) {
  AdaptiveModel model(alphabet, columns);
  auto reader = rans::Reader::open(coded, symbols.size() * model.steps(), 1);
  if (!reader) return reader.error();
  std::size_t row = 0, column = 0;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    std::size_t high = 0, low = 0;
    if (!take_step(*reader, model.high(column), high)) return rans::Reader::missing_word(i);
    if (model.low_bits() > 0 && !take_step(*reader, model.low(high), low)) {
      return rans::Reader::missing_word(i);
    }
    symbols[i] = model.symbol(column, (high << model.low_bits()) + low);
    model.learn(row, column, symbols[i]);
    if (++column == columns) {
      column = 0;
      ++row;
    }
  }
  return reader->close();
}

}  // namespace kvferry
