// SPDX-License-Identifier: MIT
//
// encode, decode, ask: one card by hand.
#include <ATen/ops/from_blob.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "model/reader.h"
#include "model/safetensors.h"
#include "protocol/card/card_file.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/commands.h"
#include "scenarios/lab/files.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/program.h"

namespace kvferry {
namespace {

using Json = nlohmann::ordered_json;

class Stopwatch {
 public:
  // Seconds since the last lap, or since the beginning.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(since_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

Reader open_reader(const std::string& model) {
  use_one_thread();
  return value_or_fail(Reader::open(value_or_fail(find_model(model))));
}

void note_unknown_words(const Reader& reader, const std::string& text) {
  const auto words = reader.unknown_words(text);
  if (words.empty()) return;
  std::string some;
  for (size_t i = 0; i < words.size() && i < 5; ++i) some += (i == 0 ? "" : ", ") + words[i];
  std::fprintf(stderr, "kvferry-lab: note: the model does not know %zu of these words: %s%s\n", words.size(),
               some.c_str(), words.size() > 5 ? ", ..." : "");
}

// How far the decoded cache is from the full one, over the full cache's own answer.
QualityProbe make_probe(const Reader& reader, const KvCache& full, const std::string& question) {
  return [&](const KvCache& decoded) -> Result<Divergence> {
    const auto answer = reader.answer(full, question);
    if (!answer) return answer.error();
    const auto fidelity = reader.compare(full, decoded, question, answer->text);
    if (!fidelity) return fidelity.error();
    const auto tokens = static_cast<double>(fidelity->tokens);
    return Divergence{fidelity->kl_sum / tokens, static_cast<double>(fidelity->top1_agree) / tokens,
                      static_cast<uint64_t>(fidelity->tokens)};
  };
}

// A card that is whole and belongs to the reader's model, decoded.
KvCache decode_own(const Reader& reader, const std::filesystem::path& file) {
  const auto card = value_or_fail(read_card_file(file));
  if (const auto whole = card.verify(); !whole) throw Failure(whole.error().in(file.string()));
  if (const auto other = mismatch(reader.identity(), card.manifest.model)) {
    throw Failure(file.string() + ": " + *other);
  }
  auto cache = decode(card);
  if (!cache) throw Failure(cache.error().in(file.string()));
  return std::move(*cache);
}

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
        "  divergence from the full cache over the answer: %.3g nats a token, top-1 the same for %.0f %%\n",
        divergence->kl, 100 * divergence->top1);
  }
  std::printf("  prefill %.1f ms, encode %.1f ms\n", prefill_s * 1e3, encode_s * 1e3);
}

}  // namespace

void run_encode(const EncodeCommand& options) {
  const auto preset = value_or_fail(parse_preset(options.preset));
  if (preset.is_query_aware() && options.question.empty()) {
    throw UsageError("preset '" + options.preset + "' keeps what a question needs: --question is required");
  }
  const auto text = value_or_fail(read_text_file(options.document));
  const auto reader = open_reader(options.model);
  note_unknown_words(reader, text + " " + options.question);
  Stopwatch watch;
  const auto full = reader.prefill(text);
  if (!full) throw Failure(full.error().in(options.document.string()));
  const auto prefill_s = watch.lap();
  EncodeOptions encoding;
  encoding.preset = preset;
  encoding.model = reader.identity();
  encoding.seed = options.seed;
  encoding.scores = [&](std::string_view) {
    return reader.question_attention(*full, reader.question_tokens(options.question));
  };
  EncodeStats stats;
  auto card = value_or_fail(encode(*full, encoding, &stats));
  const auto encode_s = watch.lap();
  if (!options.question.empty()) {
    const auto decoded = value_or_fail(decode(card));
    card.manifest.divergence = value_or_fail(make_probe(reader, *full, options.question)(decoded));
    stats.card_bytes = card.file_bytes();
  }
  check_or_fail(write_card_file(options.out, card));
  print_encoded(options, card, stats, prefill_s, encode_s);
}

void run_decode(const DecodeCommand& options) {
  const auto reader = open_reader(options.model);
  auto cache = decode_own(reader, options.card);
  TensorMap tensors;
  const auto& geometry = cache.geometry();
  for (size_t layer = 0; layer < geometry.layers; ++layer) {
    const auto name = "layers." + std::to_string(layer) + ".";
    const auto rows = static_cast<int64_t>(cache.rows(layer));
    const auto half = [&](std::span<uint16_t> data) {
      return at::from_blob(data.data(), {rows, geometry.kv_heads, geometry.head_dim}, at::kHalf);
    };
    tensors.emplace(name + "key", half(cache.key_data(layer)));
    tensors.emplace(name + "value", half(cache.value_data(layer)));
    const auto positions = cache.positions(layer);
    tensors.emplace(name + "positions",
                    at::tensor(at::ArrayRef<int32_t>(positions.data(), positions.size()), at::kInt));
  }
  check_or_fail(write_whole_file(options.out, write_safetensors(tensors)));
  if (options.json) {
    const Json line = {{"cache", options.out.string()},
                       {"layers", geometry.layers},
                       {"tokens", cache.token_count()},
                       {"bytes_fp16", cache.bytes_fp16()}};
    std::printf("%s\n", line.dump().c_str());
  } else {
    std::printf("%s: %u layers, %u tokens, %llu bytes of FP16 cache\n", options.out.c_str(), geometry.layers,
                cache.token_count(), static_cast<unsigned long long>(cache.bytes_fp16()));
  }
}

void run_ask(const AskCommand& options) {
  const auto reader = open_reader(options.model);
  note_unknown_words(reader, options.question);
  Stopwatch watch;
  const auto cache = decode_own(reader, options.card);
  const auto decode_s = watch.lap();
  const auto answer = value_or_fail(reader.answer(cache, options.question));
  if (options.json) {
    const Json line = {{"answer", answer.text},
                       {"time_s",
                        {{"decode", decode_s},
                         {"inject", to_seconds(answer.inject)},
                         {"first_token", to_seconds(answer.first_token)},
                         {"total", to_seconds(answer.total)}}}};
    std::printf("%s\n", line.dump().c_str());
    return;
  }
  std::printf("%s\n  decode %.1f ms, inject %.1f ms, first token after %.1f ms\n", answer.text.c_str(),
              decode_s * 1e3, to_seconds(answer.inject) * 1e3,
              decode_s * 1e3 + to_seconds(answer.first_token) * 1e3);
}

void run_presets(bool json) {
  Json list = Json::array();
  if (!json) std::printf("%-8s %-44s %s\n", "name", "pipeline", "source");
  for (const auto& preset : named_presets()) {
    const std::string name(preset.name), pipeline(preset.pipeline), source(preset.source);
    list.push_back({{"name", name}, {"pipeline", pipeline}, {"source", source}});
    if (!json) std::printf("%-8s %-44s %s\n", name.c_str(), pipeline.c_str(), source.c_str());
  }
  if (json) std::printf("%s\n", list.dump().c_str());
}

}  // namespace kvferry
