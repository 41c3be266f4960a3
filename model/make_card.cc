// SPDX-License-Identifier: MIT
#include "model/make_card.h"

#include <algorithm>
#include <utility>

#include "model/card_quality.h"
#include "model/probe.h"
#include "model/summary.h"
#include "model/templates.h"

namespace kvferry {
namespace {

Result<std::vector<std::string>> probe_questions(const Reader& reader, const CardOrder& order,
                                                 const std::vector<std::string>& questions) {
  if (!questions.empty()) return questions;
  if (!order.question.empty()) return std::vector<std::string>{reader.text_of(order.question)};
  if (!order.templates.empty()) return order.templates;
  auto found = question_templates(order.document, kProbeTemplates);
  if (found.empty()) {
    return Error{
        "probe: no templates for this document, expected names in it that they ask for, or questions"};
  }
  return found;
}

// Attention is not negative: rows that are here already come behind all others.
AttentionSource put_last(AttentionSource scores, const PositionSet& here) {
  return [scores = std::move(scores), positions = here.positions()](AttentionScore score) {
    auto found = scores(score);
    if (!found || score != AttentionScore::kQ2c) return found;
    for (const auto position : positions) (*found)[static_cast<size_t>(position)] = -1;
    return found;
  };
}

// Rows that the base lacks: as many as the preset selects of all, or what there is.
Result<void> refine(CardOrder& order, const KvCache& full) {
  const Manifest& base = order.base->manifest;
  if (order.preset.select.method != SelectMethod::kQ2c || base.position_sets.size() != 1)
    return Error{"a refinement is selected by q2c, beside a base whose layers have the same rows"};
  const auto rows = static_cast<double>(full.token_count());
  const double lacking = rows - base.position_sets[0].size();
  if (lacking < 1) return Error{"the base lacks no row"};
  order.preset.select.ratio = std::min(order.preset.select.ratio, lacking / rows);
  return {};
}

// All that presets may ask the model for. The order and the cache outlive it.
EncodeOptions encode_options(const Reader& reader, const KvCache& full, const CardOrder& order) {
  EncodeOptions options;
  options.preset = order.preset;
  options.model = reader.identity();
  options.seed = order.seed;
  AttentionContext context{order.document, {}, order.templates, order.snapkv};
  if (order.preset.is_query_aware()) context.question = order.question;
  options.scores = make_attention_source(reader, full, std::move(context));
  options.facts = [&](uint32_t words) -> Result<std::string> { return summarize(order.document, words); };
  options.calibration = order.calibration;
  return options;
}

}  // namespace

Result<Card> make_card(const Reader& reader, const KvCache& full, const CardOrder& wanted,
                       EncodeStats* stats) {
  CardOrder order = wanted;
  if (order.base) {
    if (auto possible = refine(order, full); !possible) return possible.error();
  }
  EncodeOptions options = encode_options(reader, full, order);
  if (order.base) options.scores = put_last(options.scores, order.base->manifest.position_sets[0]);
  auto card = encode(full, options, stats);
  if (card && order.base) card->manifest.base = order.base->digest();
  return card;
}

Result<Card> update_card(const Reader& reader, const Card& before, const KvCache& now, const Reuse& reuse,
                         const CardOrder& order) {
  return encode_update(before, now, reuse, encode_options(reader, now, order));
}

Result<void> probe_card(const Reader& reader, const KvCache& full, const CardOrder& order,
                        const std::vector<std::string>& questions, Card& card) {
  const auto asked = probe_questions(reader, order, questions);
  if (!asked) return asked.error();
  const auto probe = make_probe(reader, full, *asked, {.summary = card.manifest.summary});
  if (!probe) return probe.error();
  auto measured = measure_quality(card, {.calibration = order.calibration}, *probe);
  if (!measured) return measured.error();
  card.manifest.divergence = measured->whole;
  card.manifest.curve = std::move(measured->curve);
  return {};
}

}  // namespace kvferry
