// SPDX-License-Identifier: MIT
//
// A pool in a folder, for any number of processes of one machine. FORMAT.md says what stands where, and why a
// process may be killed at any point. Readers take no lock and map what they read; who changes the pool does
// so one at a time.
#pragma once

#include <mutex>

#include "transport/store/card_store.h"
#include "transport/store/catalogue.h"
#include "transport/store/pins.h"
#include "transport/store/stored_card.h"

namespace kvferry {

class DirectoryStore final : public CardStore {
 public:
  [[nodiscard]] static Result<std::unique_ptr<CardStore>> open(const std::filesystem::path& root,
                                                               const StoreOptions& options);

  [[nodiscard]] Result<std::shared_ptr<ChunkSource>> find(const Digest& card) override;
  [[nodiscard]] Result<void> find_chunks(const Manifest& manifest, const TakeChunk& take) override;
  [[nodiscard]] Result<bool> put(const Card& card) override;
  [[nodiscard]] Result<bool> remove(const Digest& card) override;
  [[nodiscard]] Result<void> bind(const std::string& name, const Digest& card) override;
  [[nodiscard]] Result<std::optional<Digest>> resolve(const std::string& name) override;
  [[nodiscard]] Result<StoreListing> list() override;
  [[nodiscard]] Result<StoreStatistics> statistics() override;

 private:
  struct Checked {
    std::vector<store::FileStamp> stamps;
    std::shared_ptr<store::CheckedChunks> chunks;
  };

  DirectoryStore(store::PoolFolder folder, store::File pins)
      : folder_(std::move(folder)),
        catalogue_(folder_),
        pins_(std::make_shared<store::Pins>(std::move(pins))) {}

  [[nodiscard]] Result<std::shared_ptr<store::StoredCard>> open_card(const Digest& card);
  // Nothing: the entry has changed meanwhile, or is gone.
  [[nodiscard]] Result<std::optional<store::CardFiles>> open_files(const Digest& card);
  [[nodiscard]] Result<void> set_bound(std::uint64_t max_bytes);

  const store::PoolFolder folder_;
  std::mutex changing_;  // guards the catalogue, also against this process's other threads
  store::Catalogue catalogue_;
  std::mutex reading_;  // guards what follows
  const std::shared_ptr<store::Pins> pins_;
  std::map<Digest, std::weak_ptr<store::StoredCard>> open_;
  std::map<Digest, Checked> checked_;
};

}  // namespace kvferry
