// SPDX-License-Identifier: MIT
#include "scenarios/lab/adapt/bundle.h"

#include "codec/concatenate.h"
#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/preset.h"
#include "model/attention.h"
#include "model/make_card.h"
#include "model/probe.h"
#include "model/templates.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/parallel.h"
#include "scenarios/lab/progress.h"
#include "scenarios/lab/shipment.h"

namespace kvferry {
namespace {

constexpr double kCurveStep = 1.6;     // of bytes, from point to point
constexpr size_t kCurveTemplates = 8;  // a document
constexpr const char* kProgressive = "progressive";

class BundleMaker {
 public:
  BundleMaker(const Reader& reader, Bundle& bundle, uint64_t seed, int jobs)
      : reader_(reader), bundle_(bundle), seed_(seed), jobs_(jobs) {}

  [[nodiscard]] Result<void> make() {
    if (auto done = for_each_document("read documents", [this](size_t d) { return read(d); }); !done)
      return done;
    place();
    if (auto done = for_each_document("encode documents", [this](size_t d) { return encode_levels(d); });
        !done)
      return done;
    if (auto done = encode_whole(); !done) return done;
    return measure_curve();
  }

 private:
  template <typename Work>
  [[nodiscard]] Result<void> for_each_document(const char* what, const Work& work) {
    Progress progress(what, bundle_.documents.size());
    return for_each_index(bundle_.documents.size(), jobs_, [&](size_t d) -> Result<void> {
      use_one_thread();
      Result<void> done = work(d);
      progress.step();
      return done;
    });
  }

  [[nodiscard]] Result<void> read(size_t d) {
    Rng rng(derived_seed(seed_, "bundle" + std::to_string(d)));
    auto drawn = make_document(bundle_.spec.document, rng);
    auto cache = reader_.prefill(drawn.text);
    if (!cache) return cache.error();
    auto& document = bundle_.documents[d];
    document.words = text_card(reader_.identity(), *cache, drawn.text);
    document.text = std::move(drawn.text);
    document.questions = std::move(drawn.questions);
    document.full = std::move(*cache);
    return {};
  }

  void place() {
    uint32_t at = 0;
    for (auto& document : bundle_.documents) {
      document.begin = at;
      document.end = at += document.full.token_count();
      bundle_.fp16_bytes += document.full.full_bytes_fp16();
    }
  }

  [[nodiscard]] CardOrder order_of(size_t d, const std::string& preset) const {
    CardOrder order;
    order.preset = *parse_preset(preset);
    order.document = bundle_.documents[d].text;
    order.seed = derived_seed(seed_, preset + std::to_string(d));
    order.calibration = bundle_.calibration;
    return order;
  }

  [[nodiscard]] Result<void> encode_levels(size_t d) {
    auto& document = bundle_.documents[d];
    for (const auto& level : bundle_.spec.levels) {
      const auto order = order_of(d, level);
      auto card = make_card(reader_, document.full, order);
      if (!card) return card.error().in(level);
      if (auto probed = probe_card(reader_, document.full, order, {}, *card); !probed) return probed;
      document.levels.push_back(std::move(*card));
    }
    return {};
  }

  [[nodiscard]] Result<std::vector<float>> scores(AttentionScore score) const {
    std::vector<float> all;
    for (const auto& document : bundle_.documents) {
      AttentionContext context;
      context.document = document.text;
      const auto one = make_attention_source(reader_, document.full, std::move(context))(score);
      if (!one) return one.error();
      all.insert(all.end(), one->begin(), one->end());
    }
    return all;
  }

  [[nodiscard]] Result<void> encode_whole() {
    std::vector<const KvCache*> caches;
    std::string text;
    for (const auto& document : bundle_.documents) {
      caches.push_back(&document.full);
      text += (text.empty() ? "" : "\n") + document.text;
    }
    const auto whole = concatenate(caches, bundle_.rope_theta);
    if (!whole) return whole.error();
    bundle_.words = text_card(reader_.identity(), *whole, text);
    EncodeOptions options;
    options.preset = *parse_preset(kProgressive);
    options.model = reader_.identity();
    options.calibration = bundle_.calibration;
    options.scores = [this](AttentionScore score) { return scores(score); };
    auto card = encode(*whole, options);
    if (!card) return card.error();
    bundle_.progressive = std::move(*card);
    return {};
  }

  // Over the templates of every document.
  [[nodiscard]] Result<QualityPoint> measure(const KvCache& decoded, uint32_t chunks) const {
    Divergence sum{0, 0, 0};
    for (size_t d = 0; d < bundle_.documents.size(); ++d) {
      const auto& document = bundle_.documents[d];
      const auto probe =
          make_probe(reader_, document.full, question_templates(document.text, kCurveTemplates));
      if (!probe) return probe.error();
      const auto part = bundle_.part(decoded, d);
      if (!part) return part.error();
      const auto one = (*probe)(*part);
      if (!one) return one.error();
      const auto tokens = static_cast<double>(one->n_tokens);
      sum.kl += one->kl * tokens;
      sum.top1 += one->top1 * tokens;
      sum.n_tokens += one->n_tokens;
    }
    const auto tokens = static_cast<double>(sum.n_tokens);
    return QualityPoint{chunks, static_cast<float>(sum.kl / tokens), static_cast<float>(sum.top1 / tokens)};
  }

  [[nodiscard]] Result<void> measure_curve() {
    const auto cuts = cuts_of(bundle_.progressive, kCurveStep);
    std::vector<std::optional<QualityPoint>> points(cuts.size());
    Progress progress("measure the curve", cuts.size());
    const auto done = for_each_index(cuts.size(), jobs_, [&](size_t i) -> Result<void> {
      use_one_thread();
      const auto decoded =
          decode_beginning(bundle_.progressive, cuts[i], {.limits = {}, .calibration = bundle_.calibration});
      if (!decoded) return decoded.error();
      if (auto point = measure(*decoded, cuts[i])) points[i] = *point;  // else a document has no rows yet
      progress.step();
      return {};
    });
    if (!done) return done;
    std::vector<QualityPoint> known;
    for (const auto& point : points) {
      if (point) known.push_back(*point);
    }
    auto curve = QualityCurve::from_points(std::move(known));
    if (!curve) return curve.error();
    bundle_.progressive.manifest.curve = std::move(*curve);
    return {};
  }

  const Reader& reader_;
  Bundle& bundle_;
  uint64_t seed_;
  int jobs_;
};

}  // namespace

Result<KvCache> Bundle::part(const KvCache& decoded, size_t document) const {
  return part_of(decoded, documents[document].begin, documents[document].end, rope_theta);
}

Result<Bundle> make_bundle(const Reader& reader, const BundleSpec& spec,
                           std::shared_ptr<const LoadedCalibration> calibration, uint64_t seed, int jobs) {
  Bundle bundle;
  bundle.spec = spec;
  bundle.documents.resize(static_cast<size_t>(spec.documents));
  bundle.calibration = std::move(calibration);
  bundle.rope_theta = reader.config().rope_theta;
  if (auto made = BundleMaker(reader, bundle, seed, jobs).make(); !made) return made.error();
  return bundle;
}

std::vector<uint32_t> cuts_of(const Card& card, double step) {
  std::vector<uint32_t> cuts;
  double bytes = 0, next = 0;
  for (uint32_t i = 0; i < card.chunks.size(); ++i) {
    bytes += static_cast<double>(card.chunks[i].size());
    if (bytes < next && i + 1 < card.chunks.size()) continue;
    cuts.push_back(i + 1);
    next = bytes * step;
  }
  return cuts;
}

}  // namespace kvferry
