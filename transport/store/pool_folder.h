// SPDX-License-Identifier: MIT
//
// A pool's folder: what stands where in it, its format, and the lock of those who change it. FORMAT.md.
#pragma once

#include "protocol/base/digest.h"
#include "transport/store/files.h"

namespace kvferry::store {

class PoolFolder {
 public:
  // create: makes a pool of a folder that is missing or empty.
  [[nodiscard]] static Result<PoolFolder> open(const fs::path& root, bool create);

  [[nodiscard]] const fs::path& root() const { return root_; }
  [[nodiscard]] fs::path cards() const { return root_ / "cards"; }
  [[nodiscard]] fs::path packs() const { return root_ / "packs"; }
  [[nodiscard]] fs::path names() const { return root_ / "names"; }
  [[nodiscard]] fs::path used() const { return root_ / "used"; }  // empty files, touched when a card is read
  [[nodiscard]] fs::path incoming() const { return root_ / "incoming"; }  // cards on their way here
  [[nodiscard]] fs::path scratch() const { return root_ / "scratch"; }    // files that have no name yet
  [[nodiscard]] fs::path card(const Digest& card) const { return cards() / card.hex(); }
  [[nodiscard]] fs::path pack(const Digest& pack) const { return packs() / pack.hex(); }
  [[nodiscard]] fs::path use(const Digest& card) const { return used() / card.hex(); }
  [[nodiscard]] fs::path pins() const { return root_ / "pins"; }

  // Held while the value lives; one at a time, of all processes. An error after a minute.
  [[nodiscard]] Result<File> lock() const;

  // A whole number in a file of its own; 0 where there is none.
  [[nodiscard]] Result<std::uint64_t> number(const char* name) const;
  [[nodiscard]] Result<void> set_number(const char* name, std::uint64_t value) const;

 private:
  explicit PoolFolder(fs::path root) : root_(std::move(root)) {}
  [[nodiscard]] Result<void> make() const;
  [[nodiscard]] Result<void> check_format() const;

  fs::path root_;
};

inline constexpr const char* kBoundFile = "bound";          // bytes
inline constexpr const char* kEvictionsFile = "evictions";  // since the pool was made

// Of the entries of a folder: the digests that they are named by, and an error for everything else.
struct DigestNames {
  std::vector<Digest> digests;
  std::vector<Error> others;
};
[[nodiscard]] Result<DigestNames> digest_names(const fs::path& folder);

}  // namespace kvferry::store
