// SPDX-License-Identifier: MIT
//
// What a card is: model, kept positions, preset, and the table of its chunks.
// On the wire and in files: a root (msgpack, canonical) that holds the SHA-256
// of each page of the chunk table. The card's digest is SHA-256 of the root.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/card/chunk_info.h"
#include "protocol/card/model_identity.h"
#include "protocol/card/position_set.h"
#include "protocol/card/quality_curve.h"
#include "protocol/wire/limits.h"

namespace kvferry {

// Identifiers of chunk payload formats.
enum class CodecId : std::uint32_t {
  kOpaque = 0,    // bytes without meaning here: tests, shape-only cards
  kPipeline = 1,  // codec/FORMAT.md
  kPlanes = 2,    // codec/PLANES.md
  kMoments = 3,   // codec/FORMAT.md
};

struct Divergence {
  double kl = 0;               // mean KL divergence of next-token distributions, nats
  double top1 = 0;             // share of tokens whose most likely successor agrees
  std::uint64_t n_tokens = 0;  // measured on
  bool operator==(const Divergence&) const = default;

  template <typename Visitor>
  void fields(Visitor& v) {
    v.real(0, "kl", kl);
    v.real(1, "top1", top1);
    v.number(2, "n_tokens", n_tokens);
  }
};

struct Manifest {
  static constexpr std::uint32_t kFormatVersion = 1;
  static constexpr std::uint64_t kMaxTokens = std::uint64_t{1} << 24;
  static constexpr std::size_t kMaxPresetBytes = 512;
  static constexpr std::size_t kMaxSummaryBytes = 4096;

  ModelIdentity model;
  std::uint64_t token_count = 0;           // of the document, before selection
  std::vector<PositionSet> position_sets;  // at least one
  std::vector<std::uint32_t> layer_sets;   // per layer, the index of its position set
  std::string preset;                      // "select=full | quant=int4 | entropy=zstd"
  CodecId codec = CodecId::kOpaque;
  bool query_aware = false;              // made for one question
  std::uint64_t raw_bytes = 0;           // the full cache in FP16
  std::optional<Divergence> divergence;  // measured when the card was made
  std::optional<Digest> base;            // the card that this one is a delta of
  std::optional<Digest> calibration;     // of the tables that decoding needs and the card does not hold
  std::string summary;  // facts of the document in words, to be put before a question; may be empty
  QualityCurve curve;   // measured when the card was made; may be empty
  std::vector<ChunkInfo> chunks;

  bool operator==(const Manifest&) const = default;

  // Everything but the digests: counts, ranges, references between parts.
  [[nodiscard]] Result<void> validate() const;
  [[nodiscard]] std::uint64_t payload_bytes() const;  // sum of chunk sizes
};

struct EncodedManifest {
  Bytes root;
  std::vector<Bytes> pages;
  [[nodiscard]] Digest digest() const { return sha256(root); }
  [[nodiscard]] std::uint64_t size_bytes() const;
};

// The manifest must be valid.
[[nodiscard]] EncodedManifest encode_manifest(const Manifest& manifest);

// A manifest that arrives piece by piece: the root first, then pages in any
// order. Nothing is allocated that the root's own checked size does not pay for.
class ManifestAssembler {
 public:
  // Parses and checks the root against the limits.
  [[nodiscard]] static Result<ManifestAssembler> from_root(ByteView root, const Limits& limits);

  // Refuses an index out of range and bytes that the root's digest does not name. False: it was here already.
  [[nodiscard]] Result<bool> add_page(std::uint64_t index, ByteView page);

  [[nodiscard]] std::size_t page_count() const { return page_digests_.size(); }
  [[nodiscard]] bool complete() const { return pages_missing_ == 0; }
  [[nodiscard]] const Digest& card_digest() const { return card_digest_; }
  // The whole manifest, validated against the limits. Call once, when complete.
  [[nodiscard]] Result<Manifest> take();

 private:
  ManifestAssembler() = default;
  Limits limits_;
  Manifest manifest_;  // chunks are filled in by take()
  Digest card_digest_;
  std::uint64_t chunk_count_ = 0;
  std::uint64_t payload_bytes_ = 0;
  std::vector<Digest> page_digests_;
  std::vector<std::vector<ChunkInfo>> pages_;
  std::size_t pages_missing_ = 0;
};

}  // namespace kvferry
