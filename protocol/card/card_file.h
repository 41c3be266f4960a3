// SPDX-License-Identifier: MIT
//
// Card files (`.card`): magic and version, root, pages, then the payloads in
// table order. Writing is atomic: a temporary file beside the target, synced,
// then renamed; a failure leaves nothing behind.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "protocol/card/card.h"

namespace kvferry {

// Maps the file and checks magic, lengths, the root and the pages' digests; payloads are slices of the
// mapping and are not checked (Card::verify does). Errors: "FILE: what, where, what was expected".
[[nodiscard]] Result<Card> read_card_file(const std::filesystem::path& path, const Limits& limits = {});

[[nodiscard]] Result<void> write_card_file(const std::filesystem::path& path, const Card& card);

// Receives a card into a file: finish(true) returns once the file is synced and has its name. Stopping early
// leaves no file.
class CardFileSink final : public ChunkSink {
 public:
  explicit CardFileSink(std::filesystem::path path) : path_(std::move(path)) {}
  ~CardFileSink() override;
  CardFileSink(const CardFileSink&) = delete;
  CardFileSink& operator=(const CardFileSink&) = delete;

  [[nodiscard]] Result<void> begin(const Manifest& manifest) override;
  [[nodiscard]] Result<void> chunk(std::uint32_t index, Slice payload) override;
  [[nodiscard]] Result<void> finish(bool whole) override;
  void abandon(const std::string& reason) override;

 private:
  [[nodiscard]] Result<void> write_at(std::uint64_t offset, ByteView bytes);
  [[nodiscard]] Error failed(const std::string& doing) const;
  void discard();

  std::filesystem::path path_;
  std::string temporary_;
  int file_ = -1;
  std::vector<std::uint64_t> offsets_;  // of each chunk's payload
};

}  // namespace kvferry
