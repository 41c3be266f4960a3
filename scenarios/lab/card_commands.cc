// SPDX-License-Identifier: MIT
//
// decode, ask: one card by hand; presets.
#include <ATen/ops/from_blob.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "codec/decoder.h"
#include "model/quality.h"
#include "model/safetensors.h"
#include "model/shipped_calibration.h"
#include "protocol/card/card_file.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/card_tools.h"
#include "scenarios/lab/commands.h"
#include "scenarios/lab/files.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/program.h"

namespace kvferry {
namespace {

using Json = nlohmann::ordered_json;

// A card that is whole and belongs to the reader's model.
Card read_own(const Reader& reader, const std::filesystem::path& file) {
  auto card = value_or_fail(read_card_file(file));
  if (const auto whole = card.verify(); !whole) throw Failure(whole.error().in(file.string()));
  if (const auto other = mismatch(reader.identity(), card.manifest.model)) {
    throw Failure(file.string() + ": " + *other);
  }
  return card;
}

KvCache decode_from(const Card& card, const std::filesystem::path& file,
                    std::shared_ptr<const LoadedCalibration> calibration) {
  auto cache = decode(card, {.calibration = std::move(calibration)});
  if (!cache) throw Failure(cache.error().in(file.string()));
  return std::move(*cache);
}

}  // namespace

Reader open_reader(const std::string& model) {
  use_one_thread();
  return value_or_fail(Reader::open(value_or_fail(find_model(model))));
}

std::shared_ptr<const LoadedCalibration> open_calibration(const std::filesystem::path& file,
                                                          const std::string& model) {
  return value_or_fail(find_calibration(file, value_or_fail(find_model(model))));
}

void note_unknown_words(const Reader& reader, const std::string& text) {
  const auto words = reader.unknown_words(text);
  if (words.empty()) return;
  std::string some;
  for (size_t i = 0; i < words.size() && i < 5; ++i) some += (i == 0 ? "" : ", ") + words[i];
  std::fprintf(stderr, "kvferry-lab: note: the model does not know %zu of these words: %s%s\n", words.size(),
               some.c_str(), words.size() > 5 ? ", ..." : "");
}

void run_decode(const DecodeCommand& options) {
  const auto reader = open_reader(options.model);
  auto cache = decode_from(read_own(reader, options.card), options.card,
                           open_calibration(options.calibration, options.model));
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
  const auto card = read_own(reader, options.card);
  const auto enough = check_floor(card.manifest.divergence, {options.max_kl, options.min_top1});
  if (!enough) throw Failure(enough.error().in(options.card.string()));
  const auto cache = decode_from(card, options.card, open_calibration(options.calibration, options.model));
  const auto decode_s = watch.lap();
  const auto answer =
      value_or_fail(reader.answer(cache, options.question, {.summary = card.manifest.summary}));
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
  for (const auto& preset : named_presets()) {
    const std::string name(preset.name), pipeline(preset.pipeline), source(preset.source);
    list.push_back({{"name", name}, {"pipeline", pipeline}, {"source", source}});
    if (!json) std::printf("%-12s  %s\n%-12s  %s\n", name.c_str(), source.c_str(), "", pipeline.c_str());
  }
  if (json) std::printf("%s\n", list.dump().c_str());
}

}  // namespace kvferry
