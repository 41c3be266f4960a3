// SPDX-License-Identifier: MIT
//
// Ways to bring a document's readers up to date, measured on one change.
#pragma once

#include <memory>
#include <string>

#include "model/make_card.h"
#include "model/score.h"
#include "scenarios/lab/update/edit.h"

namespace kvferry {

enum class UpdateWay : uint8_t {
  kAll,    // read and send anew
  kExact,  // the prefix stays, everything behind the change is read anew: as good as kAll
  kMoved,  // only what is new is read; the suffix stays as it was, its keys turned to where it stands now
  kStale,  // the same without the turn: what RoPE costs where nobody minds it
};

[[nodiscard]] const char* to_string(UpdateWay way);

struct UpdateSums {
  double changes = 0;
  double tokens = 0, new_tokens = 0;  // of the document now; read anew
  double full_bytes = 0,
         sent_bytes = 0;  // of a card of its own; chunks that changed, with the whole manifest
  double full_flops = 0, flops = 0;
  double old_f1 = 0, old_questions = 0, new_f1 = 0, new_questions = 0;
  Fidelity fidelity;  // against the document read anew, not quantized

  UpdateSums& operator+=(const UpdateSums& other);
};

class Updating {
 public:
  Updating(const Reader& reader, const Preset& preset, std::shared_ptr<const LoadedCalibration> calibration)
      : reader_(reader), preset_(preset), calibration_(std::move(calibration)) {}

  [[nodiscard]] Result<UpdateSums> update(const EditedDocument& document, UpdateWay way) const;

 private:
  [[nodiscard]] CardOrder order(const std::string& document) const;
  // The cache that the way leaves, and what was read for it.
  [[nodiscard]] Result<KvCache> cache_of(const EditedDocument& document, const KvCache& before,
                                         const Reuse& reuse, UpdateWay way, UpdateSums& sums) const;
  [[nodiscard]] Result<KvCache> keep_suffix(const EditedDocument& document, const KvCache& before,
                                            const Reuse& reuse, bool turned, UpdateSums& sums) const;
  [[nodiscard]] Result<void> ask(const EditedDocument& document, const KvCache& cache,
                                 UpdateSums& sums) const;
  [[nodiscard]] double flops(double tokens, double before) const;

  const Reader& reader_;
  const Preset& preset_;
  std::shared_ptr<const LoadedCalibration> calibration_;
};

}  // namespace kvferry
