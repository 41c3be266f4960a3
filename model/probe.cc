// SPDX-License-Identifier: MIT
#include "model/probe.h"

#include <cstdio>

namespace kvferry {
namespace {

constexpr unsigned kFewBits = 4;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

std::string described(const Divergence& measured) {
  return "KL divergence " + number(measured.kl) + " nats and top-1 agreement " + number(measured.top1) +
         " over " + std::to_string(measured.n_tokens) + " tokens";
}

unsigned least_bits(const Preset& preset) {
  switch (preset.quant.quantizer) {
    case Quantizer::kFp16:
      return 16;
    case Quantizer::kInt8:
      return 8;
    case Quantizer::kInt4:
      return 4;
    case Quantizer::kInt2:
      return 2;
  }
  return 16;
}

}  // namespace

Result<QualityProbe> make_probe(const Reader& reader, const KvCache& full,
                                const std::vector<std::string>& questions, const Reading& reading) {
  if (questions.empty()) return Error{"probe: expected questions to measure with, found none"};
  std::vector<std::pair<std::string, std::string>> pairs;  // question, the full cache's answer
  for (const auto& question : questions) {
    auto answer = reader.answer(full, question, {.max_tokens = reading.max_tokens});
    if (!answer) return answer.error().in("probe");
    pairs.emplace_back(question, std::move(answer->text));
  }
  return QualityProbe([&reader, &full, pairs, reading](const KvCache& decoded) -> Result<Divergence> {
    Fidelity sum;
    for (const auto& [question, answer] : pairs) {
      const auto one = reader.compare(full, decoded, question, answer, reading);
      if (!one) return one.error().in("probe");
      sum += *one;
    }
    const auto tokens = static_cast<double>(sum.tokens);
    const auto kl = sum.kl_sum < 0 ? 0.0 : sum.kl_sum / tokens;  // rounding may take it below 0; NaN stays
    return Divergence{kl, static_cast<double>(sum.top1_agree) / tokens, static_cast<uint64_t>(sum.tokens)};
  });
}

Result<void> check_floor(const std::optional<Divergence>& measured, const QualityFloor& floor) {
  if (!floor.max_kl && !floor.min_top1) return {};
  if (!measured) return Error{"the card was made without a probe, expected one that meets the floor"};
  if (floor.max_kl && !(measured->kl <= *floor.max_kl)) {
    return Error{"the card is below the floor: " + described(*measured) +
                 ", expected a divergence of at most " + number(*floor.max_kl)};
  }
  if (floor.min_top1 && !(measured->top1 >= *floor.min_top1)) {
    return Error{"the card is below the floor: " + described(*measured) +
                 ", expected an agreement of at least " + number(*floor.min_top1)};
  }
  return {};
}

std::optional<std::string> low_bits_warning(const Preset& preset, const Divergence& measured) {
  if (least_bits(preset) > kFewBits) return std::nullopt;
  if (measured.kl <= kBearableKl && measured.top1 >= kBearableTop1) return std::nullopt;
  return "this model does not bear '" + to_string(preset) + "': " + described(measured) +
         ", expected at most " + number(kBearableKl) + " and at least " + number(kBearableTop1);
}

}  // namespace kvferry
