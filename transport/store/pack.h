// SPDX-License-Identifier: MIT
//
// packs/NAME of a pool: payloads of chunks, one after the other behind a magic. FORMAT.md, "Packs".
#pragma once

#include "protocol/card/chunk_info.h"
#include "transport/store/pool_folder.h"

namespace kvferry::store {

inline constexpr std::uint8_t kPackMagic[8] = {0x89, 'K', 'V', 'P', 'A', 'C', 'K', 0x0A};

// Named by its chunks' digests in order: the same chunks make the same pack.
class PackPlan {
 public:
  // Where the payload will stand. Both must outlive write().
  std::uint64_t add(const Digest& chunk, ByteView payload);
  [[nodiscard]] bool empty() const { return payloads_.empty(); }
  [[nodiscard]] std::uint64_t file_bytes() const { return end_; }
  [[nodiscard]] Digest name() const { return sha256(digests_); }
  [[nodiscard]] Result<void> write(const PoolFolder& folder) const;

 private:
  Bytes digests_;
  std::vector<ByteView> payloads_;
  std::uint64_t end_ = sizeof kPackMagic;
};

// The payload that stands there; the error says what is wrong with the place.
[[nodiscard]] Result<ByteView> payload_at(ByteView pack, const fs::path& path, std::uint64_t offset,
                                          std::uint32_t size_bytes);

}  // namespace kvferry::store
