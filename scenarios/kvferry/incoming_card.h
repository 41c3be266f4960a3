// SPDX-License-Identifier: MIT
//
// A card on its way into FOLDER/DIGEST.card. What breaks off stays in a .part file beside it, from which the
// next one goes on. What a card in the folder has in common with it is taken from there.
#pragma once

#include <filesystem>
#include <optional>

#include "protocol/card/card_file.h"

namespace kvferry {

class IncomingCard final : public ChunkSink {
 public:
  // base: a card that is in the folder whole.
  explicit IncomingCard(std::filesystem::path folder, std::optional<Digest> base = {})
      : folder_(std::move(folder)), base_(base) {}

  // Whether the folder has something that may be gone on with. Which card it is only a manifest tells.
  [[nodiscard]] static bool may_go_on_in(const std::filesystem::path& folder);

  Result<void> begin(const Manifest& manifest) override;
  ChunkRanges held(const Manifest& manifest) override;
  Result<void> chunk(std::uint32_t index, Slice payload) override;
  Result<void> finish(bool whole) override;
  void abandon(const std::string& reason) override;

  // Since begin().
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] std::filesystem::path part_file() const {
    return file_.string() + ".part";
  }  // while not whole
  [[nodiscard]] std::uint64_t payload_bytes() const { return payload_bytes_; }
  [[nodiscard]] std::uint64_t held_bytes() const { return held_bytes_; }
  // Empty, or where to go on from next time, for the end of an error's line.
  [[nodiscard]] std::string what_is_kept() const;

 private:
  [[nodiscard]] bool is_here(const Digest& digest) const;
  // Chunks that the base has and the .part file has not.
  [[nodiscard]] Result<void> take_from_base(const Manifest& manifest);

  std::filesystem::path folder_;
  std::optional<Digest> base_;
  std::filesystem::path file_;
  std::uint64_t payload_bytes_ = 0;
  std::uint64_t held_bytes_ = 0;
  ChunkRanges held_;
  std::optional<CardFileSink> sink_;  // none: the whole card is here already
};

}  // namespace kvferry
