// SPDX-License-Identifier: MIT
//
// The manifest root as it is serialised: SPEC.md, "Manifest root".
#pragma once

#include "protocol/base/map_reader.h"
#include "protocol/card/manifest.h"

namespace kvferry {

struct ManifestRoot {
  std::uint32_t version = Manifest::kFormatVersion;
  ModelIdentity model;
  std::uint64_t token_count = 0;
  std::vector<Bytes> position_sets;  // PositionSet::serialize
  std::vector<std::uint32_t> layer_sets;
  std::string preset;
  CodecId codec = CodecId::kOpaque;
  bool query_aware = false;
  std::uint64_t raw_bytes = 0;
  std::uint64_t chunk_count = 0;
  std::uint64_t payload_bytes = 0;
  Bytes page_digests;  // 32 bytes each, one after the other
  std::optional<Divergence> divergence;
  std::optional<Digest> base;
  std::optional<Digest> calibration;
  std::string summary;
  QualityCurve curve;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.number(0, "version", version);
    v.nested(1, "model", model);
    v.number(2, "token_count", token_count, Manifest::kMaxTokens);
    v.blobs(3, "position_sets", position_sets, ModelIdentity::kMaxLayers, kMaxManifestBodyBytes);
    v.numbers(4, "layer_sets", layer_sets, ModelIdentity::kMaxLayers);
    v.text(5, "preset", preset, Manifest::kMaxPresetBytes);
    v.number(6, "codec", codec, 0xFFFFFFFF);
    v.flag(7, "query_aware", query_aware);
    v.number(8, "raw_bytes", raw_bytes);
    v.number(9, "chunk_count", chunk_count);
    v.number(10, "payload_bytes", payload_bytes);
    v.bytes(11, "page_digests", page_digests, kMaxManifestBodyBytes);
    v.optional_nested(12, "divergence", divergence);
    v.optional_digest(13, "base", base);
    v.optional_digest(14, "calibration", calibration);
    v.optional_text(15, "summary", summary, Manifest::kMaxSummaryBytes);
    v.optional_packed(16, "curve", curve, QualityCurve::kMaxBytes);
  }
};

}  // namespace kvferry
