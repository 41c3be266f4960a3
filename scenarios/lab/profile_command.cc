// SPDX-License-Identifier: MIT
//
// profile: measures this device, so that simulated runs can take their compute times from it.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/torch/tensors.h"
#include "model/documents.h"
#include "model/reader.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/commands.h"
#include "scenarios/lab/files.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/processor_time.h"
#include "scenarios/profile.h"
#include "scenarios/program.h"

namespace kvferry {
namespace {

constexpr int kDocumentWords = 512;

double three_figures(double value) {
  const double unit = std::pow(10, std::floor(std::log10(value)) - 2);
  return std::round(value / unit) * unit;
}

std::string processor_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

// Tokens after the first: a whole answer against one that ends with its first token. The end mark takes a
// step too, so there are as many steps between the two as the answer has tokens.
double tokens_per_second(const Reader& reader, const KvCache& cache, const Document& document) {
  double tokens = 0, seconds = 0;
  for (const auto& question : document.questions) {
    const auto answer = [&](int max_tokens) {
      const auto given = value_or_fail(reader.answer(cache, question.text, {.max_tokens = max_tokens}));
      return static_cast<double>(given.tokens.size());
    };
    seconds += seconds_of([&] { tokens += answer(8); }) - seconds_of([&] { (void)answer(1); });
  }
  return tokens / seconds;
}

void inject(const KvCache& cache) {
  for (size_t layer = 0; layer < cache.geometry().layers; ++layer) {
    (void)to_tensor(cache.key(layer));
    (void)to_tensor(cache.value(layer));
  }
}

Profile measure_profile(const Reader& reader, const std::string& model) {
  Rng rng(1);
  const auto document = make_document({.facts = 8, .words = kDocumentWords, .paraphrased = true}, rng);
  const auto cache = value_or_fail(reader.prefill(document.text));
  EncodeOptions encoding;
  encoding.preset = value_or_fail(parse_preset("int4"));
  encoding.model = reader.identity();
  const auto card = value_or_fail(encode(cache, encoding));
  const auto gigabytes = static_cast<double>(cache.bytes_fp16()) * 1e-9;
  const auto rate = [](double amount, const std::function<void()>& work) {
    return three_figures(amount / median_of_five([&] { return seconds_of(work); }));
  };

  Profile profile;
  profile.device = "one core of " + processor_name();
  profile.model = model;
  profile.source = "measured: kvferry-lab profile --model " + model +
                   ", processor time, medians of five, int4, " + std::to_string(cache.token_count()) +
                   " tokens";
  profile.prefill_tokens_per_s =
      rate(cache.token_count(), [&] { (void)value_or_fail(reader.prefill(document.text)); });
  profile.decode_tokens_per_s =
      three_figures(median_of_five([&] { return tokens_per_second(reader, cache, document); }));
  profile.encode_gb_per_s = rate(gigabytes, [&] { (void)value_or_fail(encode(cache, encoding)); });
  profile.decode_gb_per_s = rate(gigabytes, [&] { (void)value_or_fail(decode(card)); });
  profile.inject_gb_per_s = rate(gigabytes, [&] { inject(cache); });
  return profile;
}

}  // namespace

void run_profile(const ProfileOptions& options) {
  use_one_thread();
  const auto folder = value_or_fail(find_model(options.model));
  const auto reader = value_or_fail(Reader::open(folder));
  const auto model = std::filesystem::weakly_canonical(folder).filename().string();
  const auto text = write_profile(measure_profile(reader, model));
  if (options.out.empty()) {
    std::printf("%s", text.c_str());
  } else {
    check_or_fail(write_whole_file(options.out, text));
  }
}

}  // namespace kvferry
