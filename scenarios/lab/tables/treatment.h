// SPDX-License-Identifier: MIT
//
// What a row of a table does to a document's full cache before questions are asked: as data, and carried out.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "codec/preset.h"
#include "model/conditions.h"
#include "scenarios/lab/tables/question_set.h"
#include "scenarios/lab/tables/senders.h"

namespace kvferry {

enum class Way : uint8_t {
  kCard,       // a card is made and decoded, `hops` times
  kOneLayer,   // `layer` comes out of a card, the others stay as they were
  kCondition,  // the rows that the pipeline drops are left out in another way
  kForeign,    // another model's cache in this one's shape, `calibrated` or not
};

struct Treatment {
  Way way = Way::kCard;
  std::string pipeline = "fp16";  // a name or a pipeline
  double budget = 0;  // of a progressive card: what of it comes, as a share of the FP16 cache; 0: all
  int hops = 1;
  bool weigh_anew = false;  // at each hop tokens weigh what a question of that agent's own pays to them
  uint32_t layer = 0;
  Condition condition = Condition::kPruned;
  SenderKey sender;
  bool calibrated = false;

  auto operator<=>(const Treatment&) const = default;
};

// What questions are asked of.
struct Treated {
  KvCache cache;
  Reading reading;
  uint64_t card_bytes = 0;  // 0: this is not sent as a card
  double nominal = 0;       // ratio by the bits of kept values alone
};

// Carries treatments out on one model's documents; thread-safe.
class Treater {
 public:
  Treater(const Reader& reader, const std::vector<AskedDocument>& documents, const Senders& senders,
          std::shared_ptr<const LoadedCalibration> calibration, uint64_t seed);

  // Whether every question needs a card of its own. The error is the pipeline's.
  [[nodiscard]] static Result<bool> is_query_aware(const Treatment& treatment);

  // `question`: which one it is made for; unused otherwise.
  [[nodiscard]] Result<Treated> treat(const Treatment& treatment, size_t document, size_t question) const;

 private:
  [[nodiscard]] Result<Treated> make_card(const Treatment& treatment, size_t document, size_t question) const;
  [[nodiscard]] Result<Treated> change_one_layer(const Treatment& treatment, size_t document) const;
  [[nodiscard]] Result<Treated> leave_out(const Treatment& treatment, size_t document, size_t question) const;
  [[nodiscard]] Result<Treated> fetch_foreign(const Treatment& treatment, size_t document) const;
  [[nodiscard]] AttentionSource scores(size_t document, size_t question, bool query_aware) const;
  // The document's token weights are those of this hop's agent.
  [[nodiscard]] AttentionSource own_weights(size_t document, int hop) const;

  const Reader& reader_;
  const std::vector<AskedDocument>& documents_;
  const Senders& senders_;
  std::shared_ptr<const LoadedCalibration> calibration_;
  uint64_t seed_;
  mutable ScoreMemo memo_;
};

}  // namespace kvferry
