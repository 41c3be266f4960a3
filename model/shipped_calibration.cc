// SPDX-License-Identifier: MIT
#include "model/shipped_calibration.h"

namespace kvferry {

Result<std::shared_ptr<const LoadedCalibration>> find_calibration(const std::filesystem::path& file,
                                                                  const std::filesystem::path& model_folder) {
  if (!file.empty()) return read_calibration_file(file);
  const auto own = model_folder / kCalibrationFile;
  std::error_code ignored;
  if (std::filesystem::exists(own, ignored)) return read_calibration_file(own);
  return std::shared_ptr<const LoadedCalibration>();
}

std::shared_ptr<const LoadedCalibration> find_calibration_of(const Digest& weights,
                                                             const std::filesystem::path& models) {
  std::error_code failed;
  std::filesystem::directory_iterator model(models, failed);
  for (; !failed && model != std::filesystem::directory_iterator(); model.increment(failed)) {
    const auto found = find_calibration({}, model->path());
    if (found && *found && (*found)->calibration.weights == weights) return *found;
  }
  return nullptr;
}

}  // namespace kvferry
