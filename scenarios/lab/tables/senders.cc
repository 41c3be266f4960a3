// SPDX-License-Identifier: MIT
#include "scenarios/lab/tables/senders.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cstdio>

#include "codec/calibration/match.h"
#include "model/checkpoint.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/shipment.h"

namespace kvferry {
namespace {

constexpr size_t kComponents = 1;  // bases are not used between models
constexpr size_t kDocuments = 2;   // that moments are measured on

void add_noise(const ModelConfig& config, DecoderWeights& weights, double noise, uint64_t seed) {
  auto generator = at::detail::createCPUGenerator(seed);
  for_each_weight(config, weights, [&](const std::string&, const std::vector<int64_t>&, at::Tensor& weight) {
    const double deviation = weight.numel() > 1 ? weight.std().item<double>() : 0;
    weight = weight + noise * deviation * at::randn(weight.sizes(), generator);
  });
}

std::string text_of(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

Result<ModelMoments> measure_moments(const Reader& reader, const std::vector<Document>& documents) {
  const auto caches = read_caches(reader, documents);
  if (!caches) return caches.error();
  const auto calibration = calibrate_reader(reader, *caches, kComponents);
  if (!calibration) return calibration.error();
  return calibration->moments();
}

double mean_f1(const std::vector<AskedDocument>& documents) {
  double f1 = 0, questions = 0;
  for (const auto& document : documents) {
    for (const auto& score : document.full_scores) f1 += score.f1;
    questions += static_cast<double>(document.full_scores.size());
  }
  return f1 / questions;
}

}  // namespace

Senders::Senders(const Reader& receiver, const QuestionSet& set, std::filesystem::path folder, uint64_t seed)
    : receiver_(receiver), set_(set), folder_(std::move(folder)), seed_(seed) {}

Result<Reader> Senders::open(const SenderKey& key) const {
  const auto folder = find_model(key.model);
  if (!folder) return folder.error();
  if (key.noise == 0) return Reader::open(*folder);
  auto checkpoint = read_checkpoint(*folder);
  if (!checkpoint) return checkpoint.error();
  add_noise(checkpoint->config, checkpoint->weights, key.noise, seed_);
  const auto noisy = folder_ / (folder->filename().string() + "-noise-" + text_of(key.noise));
  auto written = write_checkpoint(noisy, checkpoint->config, checkpoint->weights, checkpoint->tokenizer);
  if (!written) return written.error();
  return Reader::open(noisy);
}

Result<void> Senders::prepare(std::span<const SenderKey> keys, const std::vector<Document>& documents,
                              int jobs) {
  if (keys.empty()) return {};
  auto calibration_documents = draw_calibration_documents(set_, seed_);
  calibration_documents.resize(kDocuments);
  auto ours = measure_moments(receiver_, calibration_documents);
  if (!ours) return ours.error();
  receiver_moments_ = std::move(*ours);
  for (const auto& key : keys) {
    if (senders_.contains(key)) continue;
    auto reader = open(key);
    if (!reader) return reader.error();
    auto moments = measure_moments(*reader, calibration_documents);
    if (!moments) return moments.error();
    const auto own = read_asked(*reader, documents, jobs);
    if (!own) return own.error();
    senders_.emplace(key, Sender{std::move(*reader), std::move(*moments), mean_f1(*own)});
  }
  return {};
}

Result<KvCache> Senders::fetch(const SenderKey& key, const std::string& text, bool calibrated) const {
  const auto& sender = at(key);
  const auto cache = sender.reader.prefill(text);
  if (!cache) return cache.error();
  if (calibrated) return match_moments(*cache, sender.moments, receiver_moments_);
  return match_shape(*cache, sender.reader.config().rope_theta, receiver_.geometry(),
                     receiver_.config().rope_theta);
}

}  // namespace kvferry
