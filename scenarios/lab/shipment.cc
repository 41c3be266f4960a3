// SPDX-License-Identifier: MIT
#include "scenarios/lab/shipment.h"

#include <algorithm>

#include "model/make_card.h"
#include "protocol/base/rng.h"
#include "protocol/card/card_file.h"
#include "scenarios/lab/memory.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/parallel.h"
#include "scenarios/lab/progress.h"
#include "scenarios/lab/tables/nominal.h"
#include "scenarios/shapes/shape_card.h"

namespace kvferry {
namespace {

class Packer {
 public:
  Packer(const TradeoffPlan& plan, const Reader& reader, const std::vector<ReadDocument>& documents,
         std::shared_ptr<const LoadedCalibration> calibration, std::filesystem::path folder)
      : plan_(plan),
        reader_(reader),
        documents_(documents),
        calibration_(std::move(calibration)),
        folder_(std::move(folder)) {}

  // Everything but facts, digest and files.
  [[nodiscard]] std::vector<Shipment> list() const {
    std::vector<Shipment> list;
    for (size_t d = 0; d < documents_.size(); ++d) {
      const auto name = "doc" + std::to_string(d) + "/";
      const auto add = [&](std::string id, std::optional<size_t> preset, std::optional<size_t> question) {
        Shipment shipment;
        shipment.id = name + id;
        shipment.document = d;
        shipment.preset = preset;
        shipment.question = question;
        const auto file = std::to_string(list.size());
        shipment.card = folder_ / "cards" / (file + ".card");
        shipment.travels =
            plan_.shape_model && preset ? folder_ / "cards" / (file + "-shape.card") : shipment.card;
        list.push_back(std::move(shipment));
      };
      for (size_t p = 0; p < plan_.presets.size(); ++p) {
        const auto& preset = plan_.presets[p];
        if (!preset.preset.is_query_aware()) add(preset.label, p, std::nullopt);
        for (size_t q = 0; preset.preset.is_query_aware() && q < documents_[d].questions.size(); ++q) {
          add(preset.label + "/q" + std::to_string(q), p, q);
        }
      }
      for (int repeat = 0; repeat < kTextRepeats; ++repeat) {
        add("text/" + std::to_string(repeat), std::nullopt, std::nullopt);
        list.back().repeat = repeat;
      }
    }
    return list;
  }

  [[nodiscard]] Result<void> pack(Shipment& shipment) const {
    EncodeStats stats;
    auto card = encode_card(shipment, stats);
    if (!card) return card.error().in(shipment.id);
    if (auto written = write_card_file(shipment.card, *card); !written) return written;
    if (plan_.shape_model && shipment.preset) {
      *card = synthesise_card(*plan_.shape_model, *card, derived_seed(plan_.seed, shipment.id));
      if (auto written = write_card_file(shipment.travels, *card); !written) return written;
    }
    fill_facts(shipment, *card, stats);
    return {};
  }

 private:
  [[nodiscard]] Result<Card> encode_card(const Shipment& shipment, EncodeStats& stats) const {
    const auto& document = documents_[shipment.document];
    if (!shipment.preset) return text_card(reader_.identity(), document.cache, document.text);
    CardOrder order;
    order.preset = plan_.presets[*shipment.preset].preset;
    order.document = document.text;
    order.seed = derived_seed(plan_.seed, shipment.id);
    order.calibration = calibration_;
    if (shipment.question) {
      order.question = reader_.question_tokens(document.questions[*shipment.question].text);
    }
    return make_card(reader_, document.cache, order, &stats);
  }

  void fill_facts(Shipment& shipment, const Card& travels, const EncodeStats& stats) const {
    auto& facts = shipment.facts;
    facts.tokens = travels.manifest.token_count;
    facts.kept_tokens = shipment.preset ? stats.rows_kept : facts.tokens;
    const auto token_bytes = plan_.shape_model ? plan_.shape_model->identity().fp16_bytes_per_token()
                                               : reader_.identity().fp16_bytes_per_token();
    facts.kv_bytes_fp16 = facts.tokens * token_bytes;
    facts.kept_bytes_fp16 = facts.kept_tokens * token_bytes;
    facts.card_bytes = travels.file_bytes();
    facts.chunks = travels.chunks.size();
    facts.preset = facts.pipeline = "text";
    shipment.digest = travels.digest().hex();
    if (!shipment.preset) return;
    const auto& preset = plan_.presets[*shipment.preset];
    facts.preset = preset.label;
    facts.pipeline = to_string(preset.preset);
    facts.query_aware = preset.preset.is_query_aware();
    const auto kept = static_cast<double>(stats.selected_bytes) / static_cast<double>(stats.full_bytes);
    facts.nominal = nominal_ratio(preset.preset, reader_.geometry(), kept);
  }

  const TradeoffPlan& plan_;
  const Reader& reader_;
  const std::vector<ReadDocument>& documents_;
  std::shared_ptr<const LoadedCalibration> calibration_;
  std::filesystem::path folder_;
};

Document draw_document(const TradeoffPlan& plan, size_t number) {
  Rng rng(derived_seed(plan.seed, "doc" + std::to_string(number)));
  DocumentSpec spec;
  spec.facts = plan.documents.facts;
  spec.words = plan.documents.words;
  spec.paraphrased = plan.documents.paraphrased;
  auto document = make_document(spec, rng);
  if (plan.documents.questions > 0) {
    document.questions.resize(
        std::min(document.questions.size(), static_cast<size_t>(plan.documents.questions)));
  }
  return document;
}

}  // namespace

Card text_card(const ModelIdentity& model, const KvCache& full, const std::string& text) {
  Card card;
  card.manifest.model = model;
  card.manifest.token_count = full.token_count();
  card.manifest.position_sets = {PositionSet::all(full.token_count())};
  card.manifest.layer_sets.assign(model.layers, 0);
  card.manifest.preset = "text";
  card.manifest.codec = CodecId::kOpaque;
  card.manifest.raw_bytes = full.full_bytes_fp16();
  ChunkInfo info;
  info.layer_count = model.layers;
  info.row_count = full.token_count();
  info.importance = 1;
  add_chunk(card, info, Slice::copy_of(as_bytes(text)));
  return card;
}

Result<void> check_memory(const Reader& reader, const Document& one, size_t count) {
  const uint64_t tokens = reader.document_tokens(one.text).size();
  return check_memory(count, count * tokens * reader.identity().fp16_bytes_per_token());
}

Result<std::vector<ReadDocument>> read_documents(const TradeoffPlan& plan, const Reader& reader, int jobs) {
  const auto count = static_cast<size_t>(plan.documents.count);
  if (auto fits = check_memory(reader, draw_document(plan, 0), count); !fits) return fits.error();
  std::vector<ReadDocument> documents(count);
  Progress progress("read documents", count);
  auto done = for_each_index(count, jobs, [&](size_t i) -> Result<void> {
    use_one_thread();
    auto document = draw_document(plan, i);
    auto cache = reader.prefill(document.text);
    if (!cache) return cache.error();
    documents[i] = {std::move(document.text), std::move(document.questions), std::move(*cache)};
    progress.step();
    return {};
  });
  if (!done) return done.error();
  return documents;
}

Result<std::vector<Shipment>> encode_shipments(const TradeoffPlan& plan, const Reader& reader,
                                               const std::vector<ReadDocument>& documents,
                                               std::shared_ptr<const LoadedCalibration> calibration,
                                               const std::filesystem::path& folder, int jobs) {
  std::filesystem::create_directories(folder / "cards");
  const Packer packer(plan, reader, documents, std::move(calibration), folder);
  auto shipments = packer.list();
  Progress progress("encode cards", shipments.size());
  auto done = for_each_index(shipments.size(), jobs, [&](size_t i) -> Result<void> {
    use_one_thread();
    auto packed = packer.pack(shipments[i]);
    progress.step();
    return packed;
  });
  if (!done) return done.error();
  return shipments;
}

}  // namespace kvferry
