// SPDX-License-Identifier: MIT
#include "model/make_card.h"

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

}  // namespace

Result<Card> make_card(const Reader& reader, const KvCache& full, const CardOrder& order,
                       EncodeStats* stats) {
  EncodeOptions options;
  options.preset = order.preset;
  options.model = reader.identity();
  options.seed = order.seed;
  AttentionContext context{order.document, {}, order.templates, order.snapkv};
  if (order.preset.is_query_aware()) context.question = order.question;
  options.scores = make_attention_source(reader, full, std::move(context));
  options.facts = [&](uint32_t words) -> Result<std::string> { return summarize(order.document, words); };
  options.calibration = order.calibration;
  return encode(full, options, stats);
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
