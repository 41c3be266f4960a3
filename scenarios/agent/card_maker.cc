// SPDX-License-Identifier: MIT
#include "scenarios/agent/card_maker.h"

#include <algorithm>
#include <utility>

#include "codec/calibration/moments_card.h"

namespace kvferry {
namespace {

// Questions come from strangers, and every distinct pipeline is kept.
constexpr std::size_t kMaxCardsKept = 64;
constexpr std::size_t kFormerCards = 16;

Result<void> check_terms(const RequestOptions& request, const Card& card) {
  if (request.card && *request.card != card.digest()) {
    return Error{"no card with digest " + request.card->hex() +
                 " here: this agent makes cards from its document"};
  }
  const std::uint64_t payload_bytes = card.manifest.payload_bytes();
  // Of a progressive card a prefix will do.
  const bool whole = card.manifest.codec != CodecId::kPlanes;
  if (whole && request.byte_budget && *request.byte_budget < payload_bytes) {
    return Error{"the card's payload of " + std::to_string(payload_bytes) + " bytes exceeds the budget of " +
                 std::to_string(*request.byte_budget)};
  }
  return {};
}

Result<std::shared_ptr<const Card>> moments_of(const Reader& reader, const LoadedCalibration* known) {
  if (known == nullptr) return Error{"no moments here: this agent's model has no calibration"};
  if (known->calibration.weights != reader.identity().weights)
    return Error{"no moments here: this agent's calibration was measured on other weights than its model's"};
  return std::shared_ptr<const Card>(
      std::make_shared<Card>(encode_moments(known->calibration.moments(), reader.identity())));
}

}  // namespace

CardMaker::CardMaker(const Reader& reader, std::string document_name, KvCache cache, CardOrder order,
                     bool probe)
    : reader_(reader),
      document_name_(std::move(document_name)),
      cache_(std::move(cache)),
      order_(std::move(order)),
      probe_(probe),
      moments_(moments_of(reader_, order_.calibration.get())) {}

Result<std::shared_ptr<const Card>> CardMaker::make(const RequestOptions& request) {
  if (!request.document.empty() && request.document != document_name_) {
    return Error{"no document '" + request.document + "' here, this agent has '" + document_name_ + "'"};
  }
  if (request.preset == kMomentsPreset) return moments_;
  const std::lock_guard lock(mutex_);
  auto preset = preset_for(request);
  if (!preset) return preset.error();
  const std::string name = to_string(*preset);
  const auto known = made_.find(name);
  auto card = known != made_.end() ? Result(known->second) : encode_for(*preset, request);
  if (!card) return card;
  if (!preset->is_query_aware() && made_.size() < kMaxCardsKept) made_[name] = *card;
  if (auto fits = check_terms(request, **card); !fits) return fits.error();
  return card;
}

Result<Preset> CardMaker::preset_for(const RequestOptions& request) const {
  auto preset = request.preset.empty() ? Result<Preset>(order_.preset) : parse_preset(request.preset);
  if (preset && preset->is_query_aware() && request.question_tokens.empty()) {
    return Error{"preset '" + to_string(*preset) + "' selects for a question, and the request has none"};
  }
  if (!preset) return preset;
  if (auto possible = check_is_possible(*preset); !possible) return possible.error();
  return preset;
}

// A cache that was taken over comes without its text, and perhaps without some of its rows.
Result<void> CardMaker::check_is_possible(const Preset& preset) const {
  if (order_.document.empty() && preset.fact_words > 0)
    return Error{"preset '" + to_string(preset) +
                 "' needs the document's text, and this agent has its cache only"};
  const bool keeps_all =
      preset.select.method == SelectMethod::kFull && preset.layers.score == LayerScore::kAll;
  for (std::uint32_t layer = 0; layer < cache_.geometry().layers && !keeps_all; ++layer) {
    if (cache_.rows(layer) != cache_.token_count())
      return Error{"preset '" + to_string(preset) + "' selects, and this agent has a part of the cache only"};
  }
  return {};
}

Result<std::vector<std::int64_t>> CardMaker::question_of(const RequestOptions& request) const {
  for (const std::uint32_t token : request.question_tokens) {
    if (std::cmp_less(token, reader_.config().vocab_size)) continue;
    return Error{"question token " + std::to_string(token) + " is outside the vocabulary of " +
                 std::to_string(reader_.config().vocab_size)};
  }
  return std::vector<std::int64_t>(request.question_tokens.begin(), request.question_tokens.end());
}

// A part of the cache that everybody gets, and the reader has.
std::shared_ptr<const Card> CardMaker::base_of(const RequestOptions& request) const {
  for (const auto& [preset, card] : made_) {
    const bool is_part = card->manifest.position_sets[0].size() < card->manifest.token_count;
    if (is_part && request.bases.contains(card->digest())) return card;
  }
  return nullptr;
}

Result<std::shared_ptr<const Card>> CardMaker::encode_for(const Preset& preset,
                                                          const RequestOptions& request) const {
  CardOrder order = order_;
  order.preset = preset;
  if (preset.is_query_aware()) {
    auto question = question_of(request);
    if (!question) return question.error();
    order.question = std::move(*question);
    order.base = base_of(request);
  }
  auto card = make_card(reader_, cache_, order);
  if (!card) return card.error();
  if (probe_) {
    if (auto probed = probe_card(reader_, cache_, order, {}, *card); !probed) return probed.error();
  }
  return std::shared_ptr<const Card>(std::make_shared<Card>(std::move(*card)));
}

std::shared_ptr<const Card> CardMaker::follow_up(const Card& before, std::uint32_t prefix) const {
  const auto preset = parse_preset(before.manifest.preset);
  if (!preset) return nullptr;
  CardOrder order = order_;
  order.preset = *preset;
  auto card = update_card(reader_, before, cache_, {prefix, 0}, order);
  if (card && probe_ && !probe_card(reader_, cache_, order_, {}, *card)) return nullptr;
  return card ? std::make_shared<const Card>(std::move(*card)) : nullptr;
}

Result<void> CardMaker::update(const std::string& document) {
  const std::lock_guard lock(mutex_);
  const auto reuse = common_ends(reader_.document_tokens(order_.document), reader_.document_tokens(document));
  auto cache = reader_.read_on(cache_, reuse.prefix, document);
  if (!cache) return cache.error();
  cache_ = std::move(*cache);
  order_.document = document;
  update_cards(reuse.prefix);
  return {};
}

void CardMaker::update(KvCache cache) {
  const std::lock_guard lock(mutex_);
  const auto reuse = common_rows(cache_, cache);
  cache_ = std::move(cache);
  update_cards(reuse.prefix);
}

void CardMaker::update_cards(std::uint32_t prefix) {
  for (auto made = made_.begin(); made != made_.end();) {
    const auto before = made->second;
    former_.push_front(before);
    made->second = follow_up(*before, prefix);
    made = made->second ? std::next(made) : made_.erase(made);  // made when it is asked for
  }
  if (former_.size() > kFormerCards) former_.resize(kFormerCards);
}

std::shared_ptr<const Card> CardMaker::find_made(const Digest& digest) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [preset, card] : made_) {
    if (card->digest() == digest) return card;
  }
  const auto found = std::find_if(former_.begin(), former_.end(),
                                  [&](const auto& card) { return card->digest() == digest; });
  return found != former_.end() ? *found : nullptr;
}

}  // namespace kvferry
