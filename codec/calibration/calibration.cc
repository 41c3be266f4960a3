// SPDX-License-Identifier: MIT
#include "codec/calibration/calibration.h"

#include <algorithm>
#include <fstream>
#include <system_error>
#include <utility>

namespace kvferry {

const PipelineModels* Calibration::models_of(const std::string& pipeline) const {
  const auto found = std::find_if(pipelines.begin(), pipelines.end(),
                                  [&](const PipelineModels& models) { return models.pipeline == pipeline; });
  return found == pipelines.end() ? nullptr : &*found;
}

ModelMoments Calibration::moments() const {
  ModelMoments moments{geometry, rope_theta, {}};
  for (const LayerCalibration& layer : layers)
    moments.layers.push_back({layer.key_moments, layer.value_moments});
  return moments;
}

const PlaneDuals& LoadedCalibration::duals() const {
  std::call_once(duals_made_, [this] { duals_ = PlaneDuals::of(*calibration.planes); });
  return duals_;
}

Result<std::shared_ptr<const LoadedCalibration>> load_calibration(ByteView bytes) {
  auto parsed = Calibration::parse(bytes);
  if (!parsed) return parsed.error();
  return std::make_shared<const LoadedCalibration>(std::move(*parsed), sha256(bytes));
}

Result<std::shared_ptr<const LoadedCalibration>> read_calibration_file(const std::filesystem::path& file) {
  std::error_code failed;
  const std::uint64_t size = std::filesystem::file_size(file, failed);
  if (failed) return Error{file.string() + ": cannot read: " + failed.message()};
  if (size > Calibration::kMaxFileBytes) {
    return Error{file.string() + ": " + std::to_string(size) + " bytes, expected at most " +
                 std::to_string(Calibration::kMaxFileBytes)};
  }
  Bytes bytes(size);
  std::ifstream in(file, std::ios::binary);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!in) return Error{file.string() + ": cannot read " + std::to_string(size) + " bytes"};
  auto loaded = load_calibration(bytes);
  if (!loaded) return loaded.error().in(file.string());
  return loaded;
}

}  // namespace kvferry
