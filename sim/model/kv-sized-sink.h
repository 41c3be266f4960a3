// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <memory>

#include "protocol/card/chunk_flow.h"

namespace kvferry::sim {

// Notes how large a card is on its way to the sink that collects it.
class KvSizedSink final : public ChunkSink {
 public:
  explicit KvSizedSink(std::shared_ptr<ChunkSink> sink) : m_sink(std::move(sink)) {}

  [[nodiscard]] uint64_t GetRawBytes() const { return m_rawBytes; }  // of the cache in FP16
  [[nodiscard]] uint64_t GetPayloadBytes() const { return m_payloadBytes; }

  [[nodiscard]] Result<void> begin(const Manifest& manifest) override {
    m_rawBytes = manifest.raw_bytes;
    m_payloadBytes = manifest.payload_bytes();
    return m_sink->begin(manifest);
  }
  [[nodiscard]] ChunkRanges held(const Manifest& manifest) override { return m_sink->held(manifest); }
  [[nodiscard]] Result<void> chunk(uint32_t index, Slice payload) override {
    return m_sink->chunk(index, std::move(payload));
  }
  [[nodiscard]] Result<void> finish(bool whole) override { return m_sink->finish(whole); }
  void keep(const std::vector<PartialChunk>& partial) override { m_sink->keep(partial); }
  void abandon(const std::string& reason) override { m_sink->abandon(reason); }

 private:
  std::shared_ptr<ChunkSink> m_sink;
  uint64_t m_rawBytes = 0;
  uint64_t m_payloadBytes = 0;
};

}  // namespace kvferry::sim
