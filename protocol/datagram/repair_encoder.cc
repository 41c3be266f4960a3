// SPDX-License-Identifier: MIT
#include "protocol/datagram/repair_encoder.h"

#include <cassert>
#include <utility>

namespace kvferry {

bool RepairEncoder::fits(std::uint64_t number) const {
  if (empty()) return true;
  return !should_close() && number - numbers_.front() < kMaxRepairSpan &&
         (number == numbers_.back() + 1 || ranges_ < kMaxRanges);
}

void RepairEncoder::add(std::uint64_t number, ByteView frames) {
  assert(fits(number) && (empty() || number > numbers_.back()));
  if (empty() || number != numbers_.back() + 1) ++ranges_;
  numbers_.push_back(number);
  symbols_.push_back(source_symbol(frames, kSymbolHeadBytes + frames.size()));
  symbol_bytes_ = std::max(symbol_bytes_, symbols_.back().size());
}

std::vector<RepairFrame> RepairEncoder::close(std::size_t count) {
  const std::vector<std::uint64_t> numbers = std::exchange(numbers_, {});
  std::vector<Bytes> sources = std::exchange(symbols_, {});
  const std::size_t size = std::exchange(symbol_bytes_, 0);
  count = std::min({count, numbers.size(), kMaxRepairSymbols});
  ranges_ = 0;
  if (count == 0) return {};
  for (Bytes& source : sources) source.resize(size);
  std::vector<RepairFrame> frames;
  for (Bytes& symbol : encode_repair(sources, count)) {
    frames.push_back({numbers, static_cast<std::uint8_t>(frames.size()), static_cast<std::uint8_t>(count),
                      std::move(symbol)});
  }
  return frames;
}

}  // namespace kvferry
