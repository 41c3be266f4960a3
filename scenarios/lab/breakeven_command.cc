// SPDX-License-Identifier: MIT
//
// breakeven: link rate × preset × device, by the formula that the rate controller reckons with.
#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "codec/decoder.h"
#include "model/documents.h"
#include "model/make_card.h"
#include "protocol/rate/encoding.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/card_tools.h"
#include "scenarios/lab/commands.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/processor_time.h"
#include "scenarios/lab/seeds.h"
#include "scenarios/profile.h"
#include "scenarios/program.h"
#include "scenarios/shapes/model_shape.h"

namespace kvferry {
namespace {

constexpr std::array kPresets = {"fp16", "int8", "int4", "cachegen-1", "ferry-fine", "ferry", "ferry-coarse"};
constexpr std::array kProfiles = {"one-core-small", "one-core-large", "edge-gpu-llama-3.1-8b"};
constexpr std::array kRates_mbps = {1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 4e5};
constexpr double kTokens = 4096;

// A preset as it was measured here, a byte of FP16 cache at a time. Raw caches are copied as they are.
struct MeasuredPreset {
  std::string name;
  double share = 1;     // of FP16's bytes
  double encode_s = 0;  // a byte
  double decode_s = 0;
  Divergence divergence;
};

MeasuredPreset measure(const Reader& reader, const KvCache& cache, CardOrder order, const std::string& name) {
  order.preset = value_or_fail(parse_preset(name));
  auto card = value_or_fail(make_card(reader, cache, order));
  check_or_fail(probe_card(reader, cache, order, {}, card));
  const auto bytes = static_cast<double>(cache.full_bytes_fp16());
  MeasuredPreset out{name, static_cast<double>(card.file_bytes()) / bytes, 0, 0, *card.manifest.divergence};
  if (name == "fp16") return out;
  EncodeOptions encoding;
  encoding.preset = order.preset;
  encoding.model = reader.identity();
  encoding.calibration = order.calibration;
  const auto encode_once = [&] { (void)value_or_fail(encode(cache, encoding)); };
  const auto decode_once = [&] {
    (void)value_or_fail(decode(card, {.limits = {}, .calibration = order.calibration}));
  };
  out.encode_s = median_of_five([&] { return seconds_of(encode_once); }) / bytes;
  out.decode_s = median_of_five([&] { return seconds_of(decode_once); }) / bytes;
  return out;
}

// On a device whose int4 is so much faster or slower than it is here, everything is.
Encoding on_device(const MeasuredPreset& preset, const MeasuredPreset& int4, const Profile& profile,
                   double fp16_bytes) {
  Encoding out;
  out.preset = preset.name;
  out.bytes = static_cast<uint64_t>(preset.share * fp16_bytes);
  out.quality = preset.divergence.top1;
  out.encode = from_seconds(preset.encode_s / int4.encode_s / (profile.encode_gb_per_s * 1e9) * fp16_bytes);
  out.decode = from_seconds(preset.decode_s / int4.decode_s / (profile.decode_gb_per_s * 1e9) * fp16_bytes);
  return out;
}

double fp16_bytes_of(const Profile& profile) {
  if (const auto shape = find_shape(profile.model))
    return kTokens * static_cast<double>(shape->identity().fp16_bytes_per_token());
  const auto reader = value_or_fail(Reader::open(value_or_fail(find_model(profile.model))));
  return kTokens * static_cast<double>(reader.identity().fp16_bytes_per_token());
}

// Above this rate the raw cache is there first.
double break_even_mbps(const Encoding& raw, const Encoding& preset) {
  const double codec_s = to_seconds(preset.encode + preset.decode);
  return codec_s > 0 ? (static_cast<double>(raw.bytes) - static_cast<double>(preset.bytes)) * 8e-6 / codec_s
                     : 1e300;
}

const Encoding& best_at(const std::vector<Encoding>& encodings, double rate_mbps) {
  return *std::min_element(encodings.begin(), encodings.end(), [&](const Encoding& a, const Encoding& b) {
    return a.ready_s(rate_mbps * 125e3) < b.ready_s(rate_mbps * 125e3);
  });
}

void print_table(const Profile& profile, const std::vector<Encoding>& encodings, double fp16_bytes) {
  std::printf(
      "\n%s: %s\n%.0f tokens, %.1f MB in FP16; reading the words instead takes %.3g s. Seconds until "
      "usable:\n",
      profile.name.c_str(), profile.device.c_str(), kTokens, fp16_bytes * 1e-6, profile.prefill_s(kTokens));
  std::printf("%16s", "");
  for (const auto& encoding : encodings) std::printf(" %12s", encoding.preset.c_str());
  std::printf("  best\n");
  for (const double rate : kRates_mbps) {
    std::printf("%9.0f Mbit/s", rate);
    for (const auto& encoding : encodings) std::printf(" %12.4g", encoding.ready_s(rate * 125e3));
    std::printf("  %s\n", best_at(encodings, rate).preset.c_str());
  }
  std::printf("%16s %12s", "raw is faster at", "");
  for (size_t i = 1; i < encodings.size(); ++i)
    std::printf(" %7.0f Mb/s", break_even_mbps(encodings[0], encodings[i]));
  std::printf("\n");
}

void print_measured(const MeasuredPreset& preset) {
  const auto speed = [](double seconds_a_byte) {
    char text[16] = "-";
    if (seconds_a_byte > 0) std::snprintf(text, sizeof text, "%.0f", 1e-6 / seconds_a_byte);
    return std::string(text);
  };
  std::printf("%14s %8.2f %12s %12s %10.2g %8.3f\n", preset.name.c_str(), 1 / preset.share,
              speed(preset.encode_s).c_str(), speed(preset.decode_s).c_str(), preset.divergence.kl,
              preset.divergence.top1);
}

void print_lines(const Profile& profile, const std::vector<Encoding>& encodings) {
  for (const double rate : kRates_mbps) {
    nlohmann::ordered_json line = {
        {"profile", profile.name}, {"rate_mbps", rate}, {"best", best_at(encodings, rate).preset}};
    for (const auto& encoding : encodings) line["ready_s"][encoding.preset] = encoding.ready_s(rate * 125e3);
    std::printf("%s\n", line.dump().c_str());
  }
}

}  // namespace

void run_breakeven(const BreakevenCommand& options) {
  const auto reader = open_reader(options.model);
  Rng rng(derived_seed(options.seed, "breakeven"));
  const auto document = make_document({.facts = 8, .words = 512, .paraphrased = true}, rng);
  const auto cache = value_or_fail(reader.prefill(document.text));
  CardOrder order;
  order.document = document.text;
  order.calibration = open_calibration({}, options.model);
  std::vector<MeasuredPreset> presets;
  for (const auto* name : kPresets) presets.push_back(measure(reader, cache, order, name));
  const auto& int4 =
      *std::find_if(presets.begin(), presets.end(), [](auto& preset) { return preset.name == "int4"; });
  if (!options.json) {
    std::printf("measured here on one core, model %s, %u tokens\n%14s %8s %12s %12s %10s %8s\n",
                options.model.c_str(), cache.token_count(), "preset", "ratio", "encode MB/s", "decode MB/s",
                "KL", "top-1");
    for (const auto& preset : presets) print_measured(preset);
  }
  for (const auto* name : kProfiles) {
    const auto profile = value_or_fail(find_profile(name));
    const double fp16_bytes = fp16_bytes_of(profile);
    std::vector<Encoding> encodings;
    for (const auto& preset : presets) encodings.push_back(on_device(preset, int4, profile, fp16_bytes));
    options.json ? print_lines(profile, encodings) : print_table(profile, encodings, fp16_bytes);
  }
}

}  // namespace kvferry
