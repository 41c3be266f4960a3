// SPDX-License-Identifier: MIT
#include "scenarios/lab/tables/treatment.h"

#include <algorithm>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "model/attention.h"
#include "model/summary.h"
#include "scenarios/lab/shipment.h"
#include "scenarios/lab/tables/nominal.h"

namespace kvferry {
namespace {

void copy_layer(const KvCache& from, uint32_t layer, KvCache& to) {
  std::ranges::copy(from.key_data(layer), to.key_data(layer).begin());
  std::ranges::copy(from.value_data(layer), to.value_data(layer).begin());
}

// How many of a card's first chunks there is room for, one at least, beside its head. bytes: of all that.
uint32_t chunks_within(const Card& card, uint64_t budget, uint64_t& bytes) {
  bytes = card.file_bytes() - card.manifest.payload_bytes();
  uint32_t count = 0;
  while (count < card.chunks.size() && (count == 0 || bytes + card.chunks[count].size() <= budget))
    bytes += card.chunks[count++].size();
  return count;
}

}  // namespace

Treater::Treater(const Reader& reader, const std::vector<AskedDocument>& documents, const Senders& senders,
                 std::shared_ptr<const LoadedCalibration> calibration, uint64_t seed)
    : reader_(reader),
      documents_(documents),
      senders_(senders),
      calibration_(std::move(calibration)),
      seed_(seed) {}

Result<bool> Treater::is_query_aware(const Treatment& treatment) {
  const auto preset = parse_preset(treatment.pipeline);
  if (!preset) return preset.error();
  return preset->is_query_aware();
}

AttentionSource Treater::scores(size_t document, size_t question, bool query_aware) const {
  return [this, document, question, query_aware](AttentionScore score) {
    const auto asks = query_aware && (score == AttentionScore::kQ2c || score == AttentionScore::kQ2cPeak ||
                                      score == AttentionScore::kLayers);
    const auto key = asks ? std::optional(question) : std::nullopt;
    return memo_.get(document, score, key, [&] {
      const auto& asked = documents_[document];
      AttentionContext context;
      context.document = asked.text;
      if (asks) context.question = reader_.question_tokens(asked.questions[question].text);
      return make_attention_source(reader_, asked.full, std::move(context))(score);
    });
  };
}

AttentionSource Treater::own_weights(size_t document, int hop) const {
  const auto question = static_cast<size_t>(hop) % documents_[document].questions.size();
  return [source = scores(document, question, true)](AttentionScore) { return source(AttentionScore::kQ2c); };
}

Result<Treated> Treater::make_card(const Treatment& treatment, size_t document, size_t question) const {
  const auto preset = parse_preset(treatment.pipeline);
  if (!preset) return preset.error();
  const auto& asked = documents_[document];
  EncodeOptions options;
  options.preset = *preset;
  options.model = reader_.identity();
  options.seed = derived_seed(seed_, "rows" + std::to_string(document));
  options.scores = scores(document, question, preset->is_query_aware());
  options.calibration = calibration_;
  options.facts = [&](uint32_t words) -> Result<std::string> { return summarize(asked.text, words); };
  DecodeOptions decoding;
  decoding.calibration = calibration_;
  Treated treated{asked.full, {}, 0, 0};
  for (int hop = 0; hop < treatment.hops; ++hop) {
    EncodeStats stats;
    if (treatment.weigh_anew) options.scores = own_weights(document, hop);
    const auto card = encode(treated.cache, options, &stats);
    if (!card) return card.error();
    treated.card_bytes = stats.card_bytes;
    const auto budget = static_cast<uint64_t>(treatment.budget * static_cast<double>(stats.full_bytes));
    auto decoded = budget == 0
                       ? decode(*card, decoding)
                       : decode_beginning(*card, chunks_within(*card, budget, treated.card_bytes), decoding);
    if (!decoded) return decoded.error();
    treated.cache = std::move(*decoded);
    treated.reading.summary = card->manifest.summary;
  }
  treated.nominal = nominal_ratio(*preset, asked.full, treated.cache);
  return treated;
}

Result<Treated> Treater::change_one_layer(const Treatment& treatment, size_t document) const {
  const auto changed = make_card(treatment, document, 0);
  if (!changed) return changed.error();
  Treated treated{documents_[document].full, {}, 0, 0};
  copy_layer(changed->cache, treatment.layer, treated.cache);
  return treated;
}

Result<Treated> Treater::leave_out(const Treatment& treatment, size_t document, size_t question) const {
  const auto& asked = documents_[document];
  const auto card = make_card(treatment, document, question);
  if (!card) return card.error();
  const auto positions = card->cache.positions(0);
  const std::vector<uint32_t> kept(positions.begin(), positions.end());
  auto left = under_condition(treatment.condition, reader_, asked.text, asked.full, kept);
  if (!left) return left.error();
  return Treated{std::move(left->cache), std::move(left->reading), 0, 0};
}

Result<Treated> Treater::fetch_foreign(const Treatment& treatment, size_t document) const {
  auto cache = senders_.fetch(treatment.sender, documents_[document].text, treatment.calibrated);
  if (!cache) return cache.error();
  return Treated{std::move(*cache), {}, 0, 0};
}

Result<Treated> Treater::treat(const Treatment& treatment, size_t document, size_t question) const {
  switch (treatment.way) {
    case Way::kCard:
      return make_card(treatment, document, question);
    case Way::kOneLayer:
      return change_one_layer(treatment, document);
    case Way::kCondition:
      return leave_out(treatment, document, question);
    case Way::kForeign:
      return fetch_foreign(treatment, document);
  }
  return Error{"treatment: unknown way"};
}

}  // namespace kvferry
