// SPDX-License-Identifier: MIT
#include "model/probe.h"

#include <utility>

namespace kvferry {

Result<QualityProbe> make_probe(const Reader& reader, const KvCache& full,
                                const std::vector<std::string>& questions, const Reading& reading) {
  if (questions.empty()) return Error{"probe: expected questions to measure with, found none"};
  std::vector<std::pair<std::string, GoldReference>> pairs;  // question, what the full cache makes of it
  for (const auto& question : questions) {
    auto answer = reader.answer(full, question, {.max_tokens = reading.max_tokens});
    if (!answer) return answer.error().in("probe");
    auto expected = reader.reference(full, question, answer->text);
    if (!expected) return expected.error().in("probe");
    pairs.emplace_back(question, std::move(*expected));
  }
  return QualityProbe([&reader, pairs = std::move(pairs),
                       reading](const KvCache& decoded) -> Result<Divergence> {
    Fidelity sum;
    for (const auto& [question, expected] : pairs) {
      const auto one = reader.compare(expected, decoded, question, reading);
      if (!one) return one.error().in("probe");
      sum += *one;
    }
    const auto tokens = static_cast<double>(sum.tokens);
    const auto kl = sum.kl_sum < 0 ? 0.0 : sum.kl_sum / tokens;  // rounding may take it below 0; NaN stays
    return Divergence{kl, static_cast<double>(sum.top1_agree) / tokens, static_cast<uint64_t>(sum.tokens)};
  });
}

}  // namespace kvferry
