// SPDX-License-Identifier: MIT
#include "codec/entropy/context_coder.h"

#include <bit>
#include <cassert>

#include "codec/entropy/context_vector.h"

namespace kvferry {
namespace {

constexpr unsigned kMaxStatesLog2 = std::countr_zero(rans::kMaxStates);
constexpr std::uint32_t kSlotMask = ContextTables::kOne - 1;
constexpr std::size_t kGap = 2;  // before the first word: what put() writes there is not kept
constexpr std::size_t kLeastForSixteen = 8192;
constexpr std::size_t kLeastForFour = 2048;

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

// Division by multiplication: exact for states of 32 bits (Lemire, Kaser and Kurz 2019); of a frequency of 1
// it gives one less, which the bias makes good.
ContextEncoder::Step ContextEncoder::make_step(std::uint32_t start, std::uint32_t frequency) {
  if (frequency == 0) return {};
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  Step step;
  step.reciprocal = frequency == 1 ? kAll : kAll / frequency + 1;
  step.limit = frequency << (32 - ContextTables::kBits);
  step.complement = ContextTables::kOne - frequency;
  step.bias = start + (frequency == 1 ? step.complement : 0);
  return step;
}

ContextEncoder::ContextEncoder(const ContextTables& tables) : steps_{}, ranges_{} {
  for (std::size_t context = 0; context < ContextTables::kContexts; ++context) {
    for (unsigned symbol = 0; symbol < 3; ++symbol) {
      const Range range = range_of(tables.ends()[context], symbol);
      steps_[context][symbol] = make_step(range.start, range.end - range.start);
      ranges_[context * 4 + symbol] = range.start | (range.end - range.start) << 16;
    }
  }
}

template <std::size_t kStates>
void ContextEncoder::write(Bytes& out) {
  out.push_back(static_cast<std::uint8_t>(std::countr_zero(kStates)));
  const std::size_t most = 2 * symbols_.size() + kGap;
  if (words_.size() < most) words_.resize(most);
  std::uint8_t* const end = words_.data() + words_.size();
  std::uint8_t* at = end;
  std::array<std::uint32_t, kStates> states;
  states.fill(rans::kInitial);
  const auto put = [&](std::size_t i, std::size_t lane) {
    const Step& step = steps_[contexts_[i]][symbols_[i]];
    std::uint32_t& state = states[lane];
    at[-2] = static_cast<std::uint8_t>(state);
    at[-1] = static_cast<std::uint8_t>(state >> 8);
    const unsigned full = state >= step.limit ? 1 : 0;
    at -= 2 * full;
    const std::uint32_t x = state >> (16 * full);
    __extension__ using Wide = unsigned __int128;
    const auto quotient = static_cast<std::uint32_t>(Wide{step.reciprocal} * x >> 64);
    state = x + step.bias + quotient * step.complement;
  };
  for (std::size_t pass = ends_.size(); pass-- > 0;) {
    const std::size_t first = pass == 0 ? 0 : ends_[pass - 1];
    const std::size_t count = ends_[pass] - first;
    const std::size_t runs = count / kStates * kStates;
    for (std::size_t i = count; i-- > runs;) put(first + i, i % kStates);
    if (kStates == rans::kMaxStates) {
      auto* const before = rans::encode_context_runs(ranges_, contexts_.data() + first,
                                                     symbols_.data() + first, runs, states.data(), at);
      if (before != nullptr) {
        at = before;
        continue;
      }
    }
    for (std::size_t i = runs; i-- > 0;) put(first + i, i % kStates);
  }
  for (const std::uint32_t state : states) put_le(out, state);
  append(out, {at, end});
}

void ContextEncoder::clear() {
  contexts_.clear();
  symbols_.clear();
  ends_.clear();
}

// Sixteen states take 60 bytes more than one: only where that is little. What is not 0 takes some four bits.
void ContextEncoder::finish(Bytes& out) {
  std::size_t telling = 0;
  for (const std::uint8_t symbol : symbols_) telling += symbol != 0 ? 1 : 0;
  if (telling < kLeastForFour) {
    write<1>(out);
  } else if (telling < kLeastForSixteen) {
    write<4>(out);
  } else {
    write<rans::kMaxStates>(out);
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
