// SPDX-License-Identifier: MIT
//
// The calibration that stands beside a model's weights.
#pragma once

#include <filesystem>
#include <memory>

#include "codec/calibration/calibration.h"

namespace kvferry {

inline constexpr const char* kCalibrationFile = "model.calibration";

// `file` if one is given, else the model folder's own, else nothing.
[[nodiscard]] Result<std::shared_ptr<const LoadedCalibration>> find_calibration(
    const std::filesystem::path& file, const std::filesystem::path& model_folder);

// Of the folder's models, the calibration of that with these weights, or nothing. Those that cannot be read
// are passed over.
[[nodiscard]] std::shared_ptr<const LoadedCalibration> find_calibration_of(
    const Digest& weights, const std::filesystem::path& models);

}  // namespace kvferry
