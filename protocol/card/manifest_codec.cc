// SPDX-License-Identifier: MIT
//
// Manifests to root and pages, and back.
#include <algorithm>

#include "protocol/card/manifest_root.h"

namespace kvferry {
namespace {

std::size_t pages_for(std::uint64_t chunks) {
  return static_cast<std::size_t>((chunks + kChunksPerPage - 1) / kChunksPerPage);
}

ManifestRoot root_of(const Manifest& manifest) {
  ManifestRoot root;
  root.model = manifest.model;
  root.token_count = manifest.token_count;
  for (const PositionSet& set : manifest.position_sets) set.serialize(root.position_sets.emplace_back());
  root.layer_sets = manifest.layer_sets;
  root.preset = manifest.preset;
  root.codec = manifest.codec;
  root.query_aware = manifest.query_aware;
  root.raw_bytes = manifest.raw_bytes;
  root.chunk_count = manifest.chunks.size();
  root.payload_bytes = manifest.payload_bytes();
  root.divergence = manifest.divergence;
  root.base = manifest.base;
  root.calibration = manifest.calibration;
  root.summary = manifest.summary;
  root.curve = manifest.curve;
  return root;
}

Result<Manifest> manifest_of(ManifestRoot root) {
  Manifest manifest;
  for (const Bytes& raw : root.position_sets) {
    auto set = PositionSet::parse(raw, root.token_count);
    if (!set) return set.error().in("manifest root");
    manifest.position_sets.push_back(std::move(*set));
  }
  manifest.model = std::move(root.model);
  manifest.token_count = root.token_count;
  manifest.layer_sets = std::move(root.layer_sets);
  manifest.preset = std::move(root.preset);
  manifest.codec = root.codec;
  manifest.query_aware = root.query_aware;
  manifest.raw_bytes = root.raw_bytes;
  manifest.divergence = root.divergence;
  manifest.base = root.base;
  manifest.calibration = root.calibration;
  manifest.summary = std::move(root.summary);
  if (auto checked = manifest.validate(); !checked) return checked.error();
  manifest.curve = std::move(root.curve);  // the chunks that it speaks of are yet to come
  return manifest;
}

Result<void> check_limits(const ManifestRoot& root, const Limits& limits) {
  if (root.version != Manifest::kFormatVersion) {
    return Error{"manifest root: version " + std::to_string(root.version) + ", expected 1"};
  }
  if (root.chunk_count > limits.max_chunks) {
    return Error{"manifest root: " + std::to_string(root.chunk_count) + " chunks, limit " +
                 std::to_string(limits.max_chunks)};
  }
  if (root.payload_bytes > limits.max_card_bytes) {
    return Error{"manifest root: " + std::to_string(root.payload_bytes) + " payload bytes, limit " +
                 std::to_string(limits.max_card_bytes)};
  }
  if (root.page_digests.size() != pages_for(root.chunk_count) * Digest::kBytes) {
    return Error{"manifest root: " + std::to_string(root.page_digests.size()) +
                 " bytes of page digests, expected " +
                 std::to_string(pages_for(root.chunk_count) * Digest::kBytes)};
  }
  if (root.curve.chunks() > root.chunk_count) {
    return Error{"manifest root: a curve up to " + std::to_string(root.curve.chunks()) +
                 " chunks, the table has " + std::to_string(root.chunk_count)};
  }
  return {};
}

}  // namespace

EncodedManifest encode_manifest(const Manifest& manifest) {
  EncodedManifest encoded;
  ManifestRoot root = root_of(manifest);
  std::span<const ChunkInfo> rest = manifest.chunks;
  while (!rest.empty()) {
    std::size_t count = std::min(rest.size(), kChunksPerPage);
    encoded.pages.push_back(serialize_page(rest.first(count)));
    append(root.page_digests, sha256(encoded.pages.back()).view());
    rest = rest.subspan(count);
  }
  encoded.root = encode_map(std::move(root));
  return encoded;
}

Result<ManifestAssembler> ManifestAssembler::from_root(ByteView bytes, const Limits& limits) {
  if (bytes.size() > limits.max_root_bytes) {
    return Error{"manifest root: " + std::to_string(bytes.size()) + " bytes, limit " +
                 std::to_string(limits.max_root_bytes)};
  }
  auto root = decode_map<ManifestRoot>(bytes, "manifest root");
  if (!root) return root.error();
  if (auto checked = check_limits(*root, limits); !checked) return checked.error();
  ManifestAssembler assembler;
  assembler.limits_ = limits;
  assembler.card_digest_ = sha256(bytes);
  assembler.chunk_count_ = root->chunk_count;
  assembler.payload_bytes_ = root->payload_bytes;
  for (std::size_t at = 0; at < root->page_digests.size(); at += Digest::kBytes) {
    assembler.page_digests_.push_back(
        Digest::from_bytes(ByteView(root->page_digests).subspan(at, Digest::kBytes)));
  }
  assembler.pages_.resize(assembler.page_digests_.size());
  assembler.pages_missing_ = assembler.page_digests_.size();
  auto manifest = manifest_of(std::move(*root));
  if (!manifest) return manifest.error();
  assembler.manifest_ = std::move(*manifest);
  return assembler;
}

Result<bool> ManifestAssembler::add_page(std::uint64_t index, ByteView page) {
  if (index >= pages_.size()) {
    return Error{"page " + std::to_string(index) + ": the table has " + std::to_string(pages_.size()) +
                 " pages"};
  }
  auto& place = pages_[static_cast<std::size_t>(index)];
  if (!place.empty()) return false;
  if (sha256(page) != page_digests_[static_cast<std::size_t>(index)]) {
    return Error{"page " + std::to_string(index) + ": its digest is not the one that the root names"};
  }
  std::uint64_t before = index * kChunksPerPage;
  auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kChunksPerPage, chunk_count_ - before));
  std::vector<ChunkInfo> entries;
  if (auto parsed = parse_page(page, count, entries); !parsed) {
    return parsed.error().in("page " + std::to_string(index));
  }
  place = std::move(entries);
  --pages_missing_;
  return true;
}

Result<Manifest> ManifestAssembler::take() {
  for (auto& page : pages_) {
    for (ChunkInfo& chunk : page) {
      if (chunk.size_bytes > limits_.max_chunk_bytes) {
        return Error{"manifest: chunk " + std::to_string(manifest_.chunks.size()) + " has " +
                     std::to_string(chunk.size_bytes) + " bytes, limit " +
                     std::to_string(limits_.max_chunk_bytes)};
      }
      manifest_.chunks.push_back(chunk);
    }
  }
  if (auto checked = manifest_.validate(); !checked) return checked.error();
  if (manifest_.payload_bytes() != payload_bytes_) {
    return Error{"manifest: chunks have " + std::to_string(manifest_.payload_bytes()) +
                 " bytes, the root says " + std::to_string(payload_bytes_)};
  }
  return std::move(manifest_);
}

}  // namespace kvferry
