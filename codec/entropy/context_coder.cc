// SPDX-License-Identifier: MIT
#include "codec/entropy/context_coder.h"

#include <bit>
#include <cassert>

#include "codec/entropy/context_vector.h"

namespace kvferry {
namespace {

constexpr unsigned kMaxStatesLog2 = std::countr_zero(rans::kMaxStates);
constexpr std::uint32_t kSlotMask = ContextTables::kOne - 1;
constexpr std::size_t kLeastBytesForSixteen = 4096;
constexpr std::size_t kLeastBytesForFour = 1024;

struct Range {
  std::uint32_t start, end;
};

Range range_of(std::uint32_t ends, unsigned symbol) {
  const std::uint32_t end_of_zero = ends & 0xffffU;
  const std::uint32_t end_of_one = ends >> 16;
  if (symbol == 0) return {0, end_of_zero};
  if (symbol == 1) return {end_of_zero, end_of_one};
  return {end_of_one, ContextTables::kOne};
}

}  // namespace

void ContextTables::set(std::size_t context, Shares shares) {
  assert(shares.zero >= 1 && shares.one >= 1 && unsigned{shares.zero} + shares.one <= kOne);
  ends_[context] = shares.zero | (std::uint32_t{shares.zero} + shares.one) << 16;
}

ContextTables::Shares ContextTables::get(std::size_t context) const {
  const std::uint32_t zero = ends_[context] & 0xffffU;
  return {static_cast<std::uint16_t>(zero), static_cast<std::uint16_t>((ends_[context] >> 16) - zero)};
}

ContextEncoder::Pass ContextEncoder::add_pass(std::size_t count) {
  const std::size_t begin = contexts_.size();
  contexts_.resize(begin + count);
  symbols_.resize(begin + count);
  ends_.push_back(begin + count);
  return {std::span(contexts_).subspan(begin), std::span(symbols_).subspan(begin)};
}

void ContextEncoder::write(unsigned states_log2, Bytes& out) const {
  out.push_back(static_cast<std::uint8_t>(states_log2));
  rans::Writer writer(out, symbols_.size(), std::size_t{1} << states_log2);
  for (std::size_t pass = ends_.size(); pass-- > 0;) {
    const std::size_t begin = pass == 0 ? 0 : ends_[pass - 1];
    for (std::size_t i = ends_[pass]; i-- > begin;) {
      const Range range = range_of(tables_.ends()[contexts_[i]], symbols_[i]);
      assert(range.start < range.end);
      writer.put(i - begin, range.start, range.end - range.start, ContextTables::kBits);
    }
  }
  writer.finish();
}

void ContextEncoder::clear() {
  contexts_.clear();
  symbols_.clear();
  ends_.clear();
}

// Sixteen states take 60 bytes more than one: only where that is little.
void ContextEncoder::finish(Bytes& out) {
  const std::size_t begin = out.size();
  write(kMaxStatesLog2, out);
  const std::size_t size = out.size() - begin;
  if (size < kLeastBytesForSixteen) {
    out.resize(begin);
    write(size < kLeastBytesForFour ? 0 : 2, out);
  }
  clear();
}

void ContextEncoder::count(ContextCounts& counts) {
  for (std::size_t i = 0; i < symbols_.size(); ++i) ++counts[contexts_[i]][symbols_[i]];
  clear();
}

Result<ContextDecoder> ContextDecoder::open(const ContextTables& tables, ByteView coded) {
  if (coded.empty()) return Error{"rans: no bytes, expected the number of states"};
  if (coded[0] > kMaxStatesLog2) {
    return Error{"rans: log2 of the states is " + std::to_string(coded[0]) + ", expected at most " +
                 std::to_string(kMaxStatesLog2)};
  }
  const std::size_t states = std::size_t{1} << coded[0];
  const auto reader = rans::Reader::open(coded.subspan(1), coded.size(), states);
  if (!reader) return reader.error();
  return ContextDecoder(tables, *reader);
}

Result<void> ContextDecoder::decode_pass(std::span<const std::uint8_t> contexts,
                                         std::span<std::uint8_t> symbols) {
  assert(contexts.size() == symbols.size());
  std::size_t i = 0;
  if (reader_.states == rans::kMaxStates) {
    i = rans::decode_context_runs(tables_->ends().data(), reader_, contexts.data(), symbols.data(),
                                  symbols.size());
  }
  for (; i < symbols.size(); ++i) {
    std::uint32_t& state = reader_.state[i & (reader_.states - 1)];
    const std::uint32_t ends = tables_->ends()[contexts[i]];
    const std::uint32_t slot = state & kSlotMask;
    const unsigned symbol = static_cast<unsigned>(slot >= (ends & 0xffffU)) + (slot >= ends >> 16);
    symbols[i] = static_cast<std::uint8_t>(symbol);
    const Range range = range_of(ends, symbol);
    if (!reader_.advance(state, range.end - range.start, slot - range.start, ContextTables::kBits)) {
      return rans::Reader::missing_word(i);
    }
  }
  return {};
}

}  // namespace kvferry
