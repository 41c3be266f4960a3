// SPDX-License-Identifier: MIT
//
// Files as the pool uses them: they appear whole under their names, and are never changed afterwards.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "protocol/base/result.h"
#include "protocol/base/slice.h"

namespace kvferry::store {

namespace fs = std::filesystem;

// An open descriptor.
class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~File();
  [[nodiscard]] int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// Tells whether a name still stands for the same bytes.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileStamp&) const = default;
};

struct MappedFile {
  Slice bytes;  // unmapped with the last slice
  FileStamp stamp;
};

// "PATH: cannot DO: why", from errno.
[[nodiscard]] Error failed(const fs::path& path, const std::string& to_do);

// Nothing where there is no such file.
[[nodiscard]] Result<std::optional<MappedFile>> map_file(const fs::path& path);
[[nodiscard]] std::optional<FileStamp> stamp_of(const fs::path& path);

// A file of these parts, one after the other: written beside the others in `scratch`, synced, renamed. A
// failure leaves nothing behind.
[[nodiscard]] Result<void> write_file(const fs::path& scratch, const fs::path& path,
                                      const std::vector<ByteView>& parts);
// So that what was renamed or removed in it stays so after a power cut. Best effort: some file systems
// refuse.
void sync_folder(const fs::path& folder);
// A file that is not there is none to be removed.
[[nodiscard]] Result<void> remove_file(const fs::path& path);

}  // namespace kvferry::store
