// SPDX-License-Identifier: MIT
//
// Who reads a card, known to every process: a shared lock on one byte of the file `pins` for each card that
// is being read, an exclusive one while a card is evicted. They end with the process, whatever ends it.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "protocol/base/digest.h"
#include "transport/store/files.h"

namespace kvferry::store {

class Pins : public std::enable_shared_from_this<Pins> {
 public:
  // Not to be created where the pool may not be written: nobody evicts there.
  explicit Pins(File file) : file_(std::move(file)) {}

  // Held as long as the value lives.
  [[nodiscard]] std::shared_ptr<const void> pin(const Digest& card);

  // Nothing may pin the card as long as the value lives; null if somebody has pinned it.
  [[nodiscard]] std::shared_ptr<const void> try_bar(const Digest& card);
  [[nodiscard]] bool is_pinned(const Digest& card);

 private:
  void unpin(const Digest& card);
  [[nodiscard]] bool lock(const Digest& card, short kind) const;

  File file_;
  std::mutex mutex_;
  std::map<Digest, int> counts_;  // of this process
};

}  // namespace kvferry::store
