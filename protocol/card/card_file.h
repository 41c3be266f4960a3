// SPDX-License-Identifier: MIT
//
// Card files (`.card`): magic and version, root, pages, then the payloads in
// table order. Writing is atomic: a temporary file beside the target, synced,
// then renamed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "protocol/card/card.h"

namespace kvferry {

// Maps the file and checks magic, lengths, the root and the pages' digests; payloads are slices of the
// mapping and are not checked (Card::verify does). Errors: "FILE: what, where, what was expected".
[[nodiscard]] Result<Card> read_card_file(const std::filesystem::path& path, const Limits& limits = {});

// A failure leaves nothing behind.
[[nodiscard]] Result<void> write_card_file(const std::filesystem::path& path, const Card& card);

// Receives a card into a file: finish(true) returns once the file is synced and has its name. Until then its
// bytes are in a file beside it.
class CardFileSink final : public ChunkSink {
 public:
  enum class WhenBroken : std::uint8_t {
    kDiscard,  // nothing stays
    kKeep,     // PATH.part stays, and the next sink of this path goes on with the chunks that are whole in it
  };
  explicit CardFileSink(std::filesystem::path path, WhenBroken when_broken = WhenBroken::kDiscard)
      : path_(std::move(path)), when_broken_(when_broken) {}
  ~CardFileSink() override;
  CardFileSink(const CardFileSink&) = delete;
  CardFileSink& operator=(const CardFileSink&) = delete;

  // kKeep: one sink at a time, of all processes; the error says so.
  [[nodiscard]] Result<void> begin(const Manifest& manifest) override;
  // Whose digests are right, whatever became of the process that wrote them.
  [[nodiscard]] ChunkRanges held(const Manifest& manifest) override;
  [[nodiscard]] Result<void> chunk(std::uint32_t index, Slice payload) override;
  [[nodiscard]] Result<void> finish(bool whole) override;
  void abandon(const std::string& reason) override;

 private:
  [[nodiscard]] Result<void> open_fresh();
  [[nodiscard]] Result<void> open_part();
  [[nodiscard]] bool is_at_path() const;
  [[nodiscard]] Result<void> write_at(std::uint64_t offset, ByteView bytes);
  [[nodiscard]] Error failed(const std::string& doing) const;
  void close_up();
  void discard();

  std::filesystem::path path_;
  WhenBroken when_broken_;
  std::string temporary_;
  int file_ = -1;
  std::vector<std::uint64_t> offsets_;  // of each chunk's payload
  bool has_chunks_ = false;
};

}  // namespace kvferry
