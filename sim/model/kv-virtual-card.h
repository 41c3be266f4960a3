// SPDX-License-Identifier: GPL-2.0-only
//
// Cards of the right shape without bytes: chunks are read from one block of zeros and counted where they
// arrive, so that a gigabyte in flight costs no gigabyte. Agents need VirtualPayload: digests mean nothing.
#pragma once

#include "protocol/card/chunk_flow.h"

namespace kvferry::sim {

class KvVirtualSource final : public ChunkSource {
 public:
  explicit KvVirtualSource(Manifest manifest);
  [[nodiscard]] const Manifest& manifest() const override { return m_manifest; }
  [[nodiscard]] Result<Slice> chunk(uint32_t index) override;

 private:
  Manifest m_manifest;
  Slice m_zeros;  // as long as the largest chunk
};

class KvVirtualSink final : public ChunkSink {
 public:
  [[nodiscard]] Result<void> begin(const Manifest& manifest) override;
  [[nodiscard]] Result<void> chunk(uint32_t index, Slice payload) override;
  [[nodiscard]] Result<void> finish(bool whole) override;
  void abandon(const std::string&) override {}

  [[nodiscard]] bool IsWhole() const { return m_whole; }
  [[nodiscard]] uint64_t GetBytes() const { return m_bytes; }  // of chunks that came
  [[nodiscard]] const Manifest& GetManifest() const { return m_manifest; }

 private:
  Manifest m_manifest;
  uint64_t m_bytes = 0;
  bool m_whole = false;
};

}  // namespace kvferry::sim
