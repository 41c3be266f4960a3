// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-virtual-card.h"

#include <algorithm>

namespace kvferry::sim {

KvVirtualSource::KvVirtualSource(Manifest manifest) : m_manifest(std::move(manifest)) {
  uint32_t largest = 0;
  for (const ChunkInfo& chunk : m_manifest.chunks) largest = std::max(largest, chunk.size_bytes);
  m_zeros = Slice(Bytes(largest));
}

Result<Slice> KvVirtualSource::chunk(uint32_t index) {
  return m_zeros.part(0, m_manifest.chunks.at(index).size_bytes);
}

Result<void> KvVirtualSink::begin(const Manifest& manifest) {
  m_manifest = manifest;
  return {};
}

Result<void> KvVirtualSink::chunk(uint32_t, Slice payload) {
  m_bytes += payload.size();
  return {};
}

Result<void> KvVirtualSink::finish(bool whole) {
  m_whole = whole;
  return {};
}

}  // namespace kvferry::sim
