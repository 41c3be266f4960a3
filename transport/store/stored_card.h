// SPDX-License-Identifier: MIT
//
// A card of a pool's folder as a source for any number of readers: slices of the mapped packs.
#pragma once

#include <atomic>

#include "protocol/card/chunk_flow.h"
#include "transport/store/card_entry.h"
#include "transport/store/files.h"

namespace kvferry::store {

// Which chunks' digests have been compared, by whichever reader came first. Of the same files once and for
// all.
class CheckedChunks {
 public:
  explicit CheckedChunks(std::size_t chunks) : checked_(chunks) {}
  [[nodiscard]] bool is_checked(std::size_t chunk) const {
    return checked_[chunk].load(std::memory_order_acquire);
  }
  void set_checked(std::size_t chunk) { checked_[chunk].store(true, std::memory_order_release); }

 private:
  std::vector<std::atomic<bool>> checked_;
};

struct CardFiles {
  CardEntry entry;
  std::vector<fs::path> paths;      // of the packs
  std::vector<Slice> packs;         // mapped
  std::vector<FileStamp> stamps;    // of the entry and the packs
  std::shared_ptr<const void> pin;  // held with every slice
  std::shared_ptr<CheckedChunks> checked;
};

class StoredCard final : public ChunkSource {
 public:
  explicit StoredCard(CardFiles files) : files_(std::make_shared<const CardFiles>(std::move(files))) {}

  [[nodiscard]] const Manifest& manifest() const override { return files_->entry.manifest; }
  // From any thread. The error names the pack and the chunk.
  [[nodiscard]] Result<Slice> chunk(std::uint32_t index) override;

 private:
  std::shared_ptr<const CardFiles> files_;
};

}  // namespace kvferry::store
