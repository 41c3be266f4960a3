// SPDX-License-Identifier: MIT
//
// Calibrations of a model, measured on documents that no table asks about.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "codec/calibration/calibration.h"
#include "codec/preset.h"
#include "model/reader.h"
#include "scenarios/lab/tables/question_set.h"

namespace kvferry {

[[nodiscard]] std::vector<Document> draw_calibration_documents(const QuestionSet& set, uint64_t seed);

[[nodiscard]] Result<std::vector<KvCache>> read_caches(const Reader& reader,
                                                       const std::vector<Document>& documents);

// Moments, sensitivities, and bases of up to `max_rank` components.
[[nodiscard]] Result<Calibration> calibrate_reader(const Reader& reader, std::span<const KvCache> caches,
                                                   size_t max_rank);

// All components, and static tables for those of the presets that use them: what encoder and decoder share.
[[nodiscard]] Result<std::shared_ptr<const LoadedCalibration>> calibrate_for(const Reader& reader,
                                                                             const QuestionSet& set,
                                                                             std::span<const Preset> presets,
                                                                             uint64_t seed);

}  // namespace kvferry
