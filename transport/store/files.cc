// SPDX-License-Identifier: MIT
#include "transport/store/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace kvferry::store {
namespace {

std::int64_t nanoseconds_of(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

FileStamp stamp_from(const struct stat& status) {
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          nanoseconds_of(status.st_mtim), nanoseconds_of(status.st_ctim)};
}

// As many at a time as the system takes.
bool write_all(int file, const std::vector<ByteView>& parts) {
  std::vector<iovec> left;
  for (const ByteView part : parts)
    if (!part.empty()) left.push_back({const_cast<std::uint8_t*>(part.data()), part.size()});
  for (std::size_t at = 0; at < left.size();) {
    const auto count = static_cast<int>(std::min<std::size_t>(left.size() - at, IOV_MAX));
    const ssize_t written = ::writev(file, &left[at], count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    auto taken = static_cast<std::size_t>(written);
    while (at < left.size() && taken >= left[at].iov_len) taken -= left[at++].iov_len;
    if (taken == 0) continue;
    left[at].iov_base = static_cast<std::uint8_t*>(left[at].iov_base) + taken;
    left[at].iov_len -= taken;
  }
  return true;
}

}  // namespace

void sync_folder(const fs::path& folder) {
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file) ::fsync(file.get());
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Error failed(const fs::path& path, const std::string& to_do) {
  return Error{path.string() + ": cannot " + to_do + ": " + std::strerror(errno)};
}

Result<std::optional<MappedFile>> map_file(const fs::path& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::optional<MappedFile>();
  if (!file) return failed(path, "open");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failed(path, "look at it");
  if (!S_ISREG(status.st_mode)) return Error{path.string() + ": expected a regular file"};
  MappedFile mapped{{}, stamp_from(status)};
  const auto size = static_cast<std::size_t>(mapped.stamp.size_bytes);
  if (size == 0) return std::optional(mapped);
  void* start = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (start == MAP_FAILED) return failed(path, "map");
  std::shared_ptr<const void> owner(start, [size](void* begin) { ::munmap(begin, size); });
  mapped.bytes = Slice(std::move(owner), {static_cast<const std::uint8_t*>(start), size});
  return std::optional(mapped);
}

std::optional<FileStamp> stamp_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return stamp_from(status);
}

Result<void> write_file(const fs::path& scratch, const fs::path& path, const std::vector<ByteView>& parts) {
  std::string temporary = (scratch / "XXXXXX").string();
  const File file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return failed(scratch, "create a file in it");
  ::fchmod(file.get(), 0644);
  Result<void> done;
  if (!write_all(file.get(), parts)) {
    done = failed(path, "write");
  } else if (::fsync(file.get()) != 0) {
    done = failed(path, "sync");
  } else if (::rename(temporary.c_str(), path.c_str()) != 0) {
    done = failed(path, "rename " + temporary + " to it");
  }
  if (done) {
    sync_folder(path.parent_path());
  } else {
    ::unlink(temporary.c_str());
  }
  return done;
}

Result<void> remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed(path, "remove");
  return {};
}

}  // namespace kvferry::store
