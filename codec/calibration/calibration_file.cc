// SPDX-License-Identifier: MIT
//
// Calibration files. Writer and reader list the same fields in the same order; FORMAT.md says what
// they are.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "codec/calibration/calibration.h"
#include "codec/calibration/field_reader.h"
#include "codec/calibration/plane_section.h"
#include "codec/half.h"
#include "protocol/base/varint.h"
#include "protocol/card/model_identity.h"

namespace kvferry {
namespace {

constexpr std::uint8_t kMagic[8] = {0x89, 'K', 'V', 'C', 'A', 'L', 'B', 0x0A};
constexpr std::uint32_t kVersion = 2;

void put_real(Bytes& out, float value) { put_le(out, std::bit_cast<std::uint32_t>(value)); }
void put_reals(Bytes& out, const std::vector<float>& values) {
  for (const float value : values) put_real(out, value);
}

void put_basis(Bytes& out, const LinearBasis& basis) {
  put_varint(out, basis.rank());
  put_reals(out, basis.mean);
  put_reals(out, basis.variance);
  for (const float entry : basis.vectors) put_le(out, float_to_half(entry));
}

void put_moments(Bytes& out, const Moments& moments) {
  put_reals(out, moments.mean);
  put_reals(out, moments.deviation);
}

void put_pipeline(Bytes& out, const PipelineModels& pipeline) {
  put_varint(out, pipeline.pipeline.size());
  append(out, as_bytes(pipeline.pipeline));
  for (const auto& model : pipeline.models) {
    out.push_back(model ? 1 : 0);
    if (model) model->serialize(out);
  }
}

Result<LinearBasis> read_basis(FieldReader& in, const std::string& what, std::size_t channels) {
  LinearBasis basis;
  basis.columns = channels;
  const auto rank = in.number(what + " rank", 1, static_cast<std::uint32_t>(channels));
  if (!rank) return rank.error();
  auto mean = in.reals(what + " mean", channels, -kHalfMax, kHalfMax);
  if (!mean) return mean.error();
  // The trace of a covariance of numbers within FP16's range bounds each eigenvalue.
  const float most = kHalfMax * kHalfMax * static_cast<float>(channels);
  auto variance = in.reals(what + " variance", *rank, 0.0F, most);
  if (!variance) return variance.error();
  if (!std::is_sorted(variance->rbegin(), variance->rend()))
    return in.error(what + " variance", "descending");
  auto vectors = in.entries(what + " vectors", *rank * channels);
  if (!vectors) return vectors.error();
  basis.mean = std::move(*mean);
  basis.variance = std::move(*variance);
  basis.vectors = std::move(*vectors);
  return basis;
}

Result<Moments> read_moments(FieldReader& in, const std::string& what, std::size_t channels) {
  auto mean = in.reals(what + " mean", channels, -kHalfMax, kHalfMax);
  if (!mean) return mean.error();
  auto deviation = in.reals(what + " deviation", channels, 0.0F, kHalfMax);
  if (!deviation) return deviation.error();
  return Moments{std::move(*mean), std::move(*deviation)};
}

Result<LayerCalibration> read_layer(FieldReader& in, const std::string& what, std::size_t channels) {
  LayerCalibration layer;
  for (const bool key : {true, false}) {
    const std::string tensor = what + (key ? " K" : " V");
    auto basis = read_basis(in, tensor + " basis", channels);
    if (!basis) return basis.error();
    auto moments = read_moments(in, tensor + " moments", channels);
    if (!moments) return moments.error();
    (key ? layer.key_basis : layer.value_basis) = std::move(*basis);
    (key ? layer.key_moments : layer.value_moments) = std::move(*moments);
  }
  const auto sensitivity = in.reals(what + " sensitivity", 1, 0.0F, std::numeric_limits<float>::max());
  if (!sensitivity) return sensitivity.error();
  layer.sensitivity = sensitivity->front();
  return layer;
}

Result<PipelineModels> read_pipeline(FieldReader& in, const std::string& what, const KvGeometry& geometry) {
  PipelineModels pipeline;
  const auto size = in.number(what + " text size", 1, Calibration::kMaxPipelineBytes);
  if (!size) return size.error();
  const auto text = in.bytes(what + " text", *size);
  if (!text) return text.error();
  const auto printable = [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; };
  if (!std::all_of(text->begin(), text->end(), printable)) {
    return in.error(what + " text", "printable ASCII");
  }
  pipeline.pipeline.assign(text->begin(), text->end());
  for (std::size_t i = 0; i < 2 * std::size_t{geometry.layers}; ++i) {
    const std::string place = what + " model " + std::to_string(i);
    const auto present = in.number(place + " present", 0, 1);
    if (!present) return present.error();
    pipeline.models.emplace_back();
    if (*present == 0) continue;
    auto model = in.model(place, geometry.channels());
    if (!model) return model.error();
    pipeline.models.back() = std::move(*model);
  }
  return pipeline;
}

Result<void> read_magic(FieldReader& in) {
  const auto magic = in.bytes("magic", sizeof kMagic);
  if (!magic) return magic.error();
  if (!std::equal(magic->begin(), magic->end(), kMagic)) return in.error("magic", "a calibration file's");
  const auto version = in.bytes("version", sizeof kVersion);
  if (!version) return version.error();
  if (load_le<std::uint32_t>(version->data()) != kVersion) {
    return in.error("version", std::to_string(kVersion));
  }
  return {};
}

Result<void> read_model(FieldReader& in, Calibration& calibration) {
  const auto layers = in.number("layers", 1, ModelIdentity::kMaxLayers);
  if (!layers) return layers.error();
  const auto heads = in.number("kv_heads", 1, ModelIdentity::kMaxHeads);
  if (!heads) return heads.error();
  const auto head_dim = in.number("head_dim", 2, ModelIdentity::kMaxHeadDim);
  if (!head_dim) return head_dim.error();
  if (*head_dim % 2 != 0) return in.error("head_dim", "an even number");
  calibration.geometry = {*layers, *heads, *head_dim};
  const auto theta = in.bytes("rope_theta", sizeof(double));
  if (!theta) return theta.error();
  calibration.rope_theta = std::bit_cast<double>(load_le<std::uint64_t>(theta->data()));
  if (!(calibration.rope_theta >= 1) || !std::isfinite(calibration.rope_theta)) {
    return in.error("rope_theta", "a number from 1");
  }
  const auto weights = in.bytes("weights", Digest::kBytes);
  if (!weights) return weights.error();
  calibration.weights = Digest::from_bytes(*weights);
  return {};
}

}  // namespace

Bytes Calibration::serialize() const {
  Bytes out(std::begin(kMagic), std::end(kMagic));
  put_le(out, kVersion);
  for (const std::uint32_t number : {geometry.layers, geometry.kv_heads, geometry.head_dim}) {
    put_varint(out, number);
  }
  put_le(out, std::bit_cast<std::uint64_t>(rope_theta));
  append(out, weights.view());
  for (const LayerCalibration& layer : layers) {
    put_basis(out, layer.key_basis);
    put_moments(out, layer.key_moments);
    put_basis(out, layer.value_basis);
    put_moments(out, layer.value_moments);
    put_real(out, layer.sensitivity);
  }
  put_varint(out, pipelines.size());
  for (const PipelineModels& pipeline : pipelines) put_pipeline(out, pipeline);
  out.push_back(planes ? 1 : 0);
  if (planes) put_planes(*planes, out);
  return out;
}

Result<Calibration> Calibration::parse(ByteView bytes) {
  FieldReader in(bytes);
  Calibration calibration;
  if (auto read = read_magic(in); !read) return read.error();
  if (auto read = read_model(in, calibration); !read) return read.error();
  for (std::size_t i = 0; i < calibration.geometry.layers; ++i) {
    auto layer = read_layer(in, "layer " + std::to_string(i), calibration.geometry.channels());
    if (!layer) return layer.error();
    calibration.layers.push_back(std::move(*layer));
  }
  const auto pipelines = in.number("pipelines", 0, kMaxPipelines);
  if (!pipelines) return pipelines.error();
  for (std::uint32_t i = 0; i < *pipelines; ++i) {
    const std::string what = "pipeline " + std::to_string(i);
    auto pipeline = read_pipeline(in, what, calibration.geometry);
    if (!pipeline) return pipeline.error();
    if (calibration.models_of(pipeline->pipeline) != nullptr) return in.error(what + " text", "a new one");
    calibration.pipelines.push_back(std::move(*pipeline));
  }
  const auto has_planes = in.number("planes present", 0, 1);
  if (!has_planes) return has_planes.error();
  if (*has_planes == 1) {
    auto planes = read_planes(in, calibration.geometry);
    if (!planes) return planes.error();
    calibration.planes = std::move(*planes);
  }
  if (auto end = in.end(); !end) return end.error();
  return calibration;
}

}  // namespace kvferry
