// SPDX-License-Identifier: MIT
#include "scenarios/lab/tables/energy.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "codec/half.h"
#include "codec/transform/covariance.h"

namespace kvferry {
namespace {

constexpr size_t kDocuments = 4;  // at most

std::vector<double> spectrum_of(std::span<const uint16_t> halves, size_t channels) {
  std::vector<float> values(halves.size());
  for (size_t i = 0; i < halves.size(); ++i) values[i] = half_to_float(halves[i]);
  Covariance covariance(channels);
  covariance.add(values.data(), values.size() / channels);
  return covariance.spectrum(false);
}

}  // namespace

std::vector<double> spectrum_energy(const std::vector<AskedDocument>& documents) {
  const auto channels = documents.front().full.geometry().channels();
  std::vector<double> energy(channels + 1, 0);
  double matrices = 0;
  for (const auto& document : std::span(documents).first(std::min(documents.size(), kDocuments))) {
    for (uint32_t layer = 0; layer < document.full.geometry().layers; ++layer) {
      for (const auto data : {document.full.key_data(layer), document.full.value_data(layer)}) {
        const auto spectrum = spectrum_of(data, channels);
        const double all = std::accumulate(spectrum.begin(), spectrum.end(), 0.0);
        double held = 0;
        for (size_t rank = 1; rank <= channels; ++rank) energy[rank] += (held += spectrum[rank - 1]) / all;
        matrices += 1;
      }
    }
  }
  for (auto& share : energy) share /= matrices;
  return energy;
}

}  // namespace kvferry
