// SPDX-License-Identifier: MIT
//
// A card on its way in: where it will stand, how far it is, and what stays when it breaks off.
#pragma once

#include <filesystem>
#include <memory>

#include "protocol/card/chunk_flow.h"

namespace kvferry {

class ArrivingCard : public ChunkSink {
 public:
  // Since begin(). Where it stands once it is whole: for people.
  [[nodiscard]] virtual std::string place() const = 0;
  // Holds it while it is not whole.
  [[nodiscard]] std::filesystem::path part_file() const {
    return file_.empty() ? std::filesystem::path() : std::filesystem::path(file_.string() + ".part");
  }
  [[nodiscard]] std::uint64_t payload_bytes() const { return payload_bytes_; }
  [[nodiscard]] std::uint64_t held_bytes() const { return held_bytes_; }
  // Empty, or where to go on from next time, for the end of an error's line.
  [[nodiscard]] std::string what_is_kept() const;

 protected:
  std::filesystem::path file_;  // collects it

  void begin_count(const Manifest& manifest);
  void count_held(const Manifest& manifest, const ChunkRanges& held);

 private:
  std::uint64_t payload_bytes_ = 0;
  std::uint64_t held_bytes_ = 0;
};

[[nodiscard]] ChunkRanges every_chunk(const Manifest& manifest);

}  // namespace kvferry
