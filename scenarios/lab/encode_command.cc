// SPDX-License-Identifier: MIT
//
// encode: reads a document and makes a card of its cache.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "model/make_card.h"
#include "model/quality.h"
#include "model/templates.h"
#include "protocol/card/card_file.h"
#include "scenarios/lab/card_tools.h"
#include "scenarios/lab/commands.h"
#include "scenarios/lab/files.h"
#include "scenarios/program.h"

namespace kvferry {
namespace {

using Json = nlohmann::ordered_json;

void print_encoded(const EncodeCommand& options, const Card& card, const EncodeStats& stats, double prefill_s,
                   double encode_s) {
  const auto ratio = static_cast<double>(stats.full_bytes) / static_cast<double>(stats.card_bytes);
  const auto& divergence = card.manifest.divergence;
  if (options.json) {
    Json line = {{"card", options.out.string()},
                 {"digest", card.digest().hex()},
                 {"preset", card.manifest.preset},
                 {"tokens", stats.rows},
                 {"kept_tokens", stats.rows_kept},
                 {"kv_bytes_fp16", stats.full_bytes},
                 {"card_bytes", stats.card_bytes},
                 {"ratio", ratio},
                 {"time_s", {{"prefill", prefill_s}, {"encode", encode_s}}}};
    if (divergence) line["divergence"] = {{"kld", divergence->kl}, {"top1", divergence->top1}};
    std::printf("%s\n", line.dump().c_str());
    return;
  }
  std::printf("%s: %s\n", options.out.c_str(), card.manifest.preset.c_str());
  std::printf("  %zu of %zu tokens kept, %llu bytes of FP16 cache in a card of %llu: %.2f times smaller\n",
              stats.rows_kept, stats.rows, static_cast<unsigned long long>(stats.full_bytes),
              static_cast<unsigned long long>(stats.card_bytes), ratio);
  if (divergence) {
    std::printf(
        "  divergence from the full cache over %llu tokens of its answers: %.3g nats a token, top-1 the same "
        "for %.0f %%\n",
        static_cast<unsigned long long>(divergence->n_tokens), divergence->kl, 100 * divergence->top1);
  }
  std::printf("  prefill %.1f ms, encode %.1f ms\n", prefill_s * 1e3, encode_s * 1e3);
}

void warn_of_low_bits(const Preset& preset, const Card& card) {
  if (!card.manifest.divergence) return;
  const auto warning = low_bits_warning(preset, *card.manifest.divergence);
  if (warning) std::fprintf(stderr, "kvferry-lab: warning: %s\n", warning->c_str());
}

}  // namespace

void run_encode(const EncodeCommand& options) {
  CardOrder order;
  order.preset = value_or_fail(parse_preset(options.preset));
  if (order.preset.is_query_aware() && options.question.empty()) {
    throw UsageError("preset '" + options.preset + "' keeps what a question needs: --question is required");
  }
  order.document = value_or_fail(read_text_file(options.document));
  if (!options.questions.empty()) {
    order.templates = split_questions(value_or_fail(read_text_file(options.questions)));
    if (order.templates.empty())
      throw Failure(options.questions.string() + ": expected questions, one a line");
  }
  const auto reader = open_reader(options.model);
  note_unknown_words(reader, order.document + " " + options.question);
  if (!options.question.empty()) order.question = reader.question_tokens(options.question);
  order.seed = options.seed;
  order.calibration = open_calibration(options.calibration, options.model);
  Stopwatch watch;
  const auto full = reader.prefill(order.document);
  if (!full) throw Failure(full.error().in(options.document.string()));
  const auto prefill_s = watch.lap();
  EncodeStats stats;
  auto card = value_or_fail(make_card(reader, *full, order, &stats));
  const auto encode_s = watch.lap();
  if (options.probe) {
    check_or_fail(probe_card(reader, *full, order, order.templates, card));
    stats.card_bytes = card.file_bytes();
    warn_of_low_bits(order.preset, card);
  }
  check_or_fail(write_card_file(options.out, card));
  print_encoded(options, card, stats, prefill_s, encode_s);
}

}  // namespace kvferry
