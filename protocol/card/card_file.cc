// SPDX-License-Identifier: MIT
#include "protocol/card/card_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "protocol/card/card_layout.h"

namespace kvferry {
namespace {

std::string system_error() { return std::strerror(errno); }

// A file mapped for reading; unmapped with the last slice of it.
Result<Slice> map_file(const std::filesystem::path& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Error{path.string() + ": cannot open: " + system_error()};
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(file);
    return Error{path.string() + ": expected a regular file"};
  }
  auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) {
    ::close(file);
    return Slice();
  }
  void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  ::close(file);
  if (start == MAP_FAILED) return Error{path.string() + ": cannot map: " + system_error()};
  std::shared_ptr<const void> owner(start, [size](void* mapped) { ::munmap(mapped, size); });
  return Slice(std::move(owner), {static_cast<const std::uint8_t*>(start), size});
}

// The rename itself must survive a power cut too. Best effort: some file systems refuse to sync folders.
void sync_folder(const std::filesystem::path& path) {
  std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

}  // namespace

Result<Card> read_card_file(const std::filesystem::path& path, const Limits& limits) {
  auto file = map_file(path);
  if (!file) return file.error();
  auto preamble = parse_card_preamble(file->view(), limits);
  if (!preamble) return preamble.error().in(path.string());
  Card card;
  card.manifest = std::move(preamble->manifest);
  auto offset = static_cast<std::size_t>(preamble->size_bytes);
  for (const ChunkInfo& chunk : card.manifest.chunks) {
    card.chunks.push_back(file->part(offset, chunk.size_bytes));
    offset += chunk.size_bytes;
  }
  return card;
}

Result<void> write_card_file(const std::filesystem::path& path, const Card& card) {
  if (auto checked = card.verify(); !checked) return checked.error().in(path.string());
  CardFileSink sink(path);
  if (auto begun = sink.begin(card.manifest); !begun) return begun;
  for (std::size_t i = 0; i < card.chunks.size(); ++i) {
    if (auto put = sink.chunk(static_cast<std::uint32_t>(i), card.chunks[i]); !put) return put;
  }
  return sink.finish(true);
}

CardFileSink::~CardFileSink() { close_up(); }

Error CardFileSink::failed(const std::string& doing) const {
  return Error{path_.string() + ": cannot " + doing + ": " + system_error()};
}

// Of no use any more, unless it may go on another time.
void CardFileSink::close_up() {
  if (when_broken_ == WhenBroken::kDiscard || !has_chunks_) return discard();
  if (file_ >= 0) ::close(std::exchange(file_, -1));
}

void CardFileSink::discard() {
  if (file_ < 0) return;
  ::unlink(temporary_.c_str());
  ::close(std::exchange(file_, -1));
}

Result<void> CardFileSink::open_fresh() {
  temporary_ = path_.string() + ".XXXXXX";
  file_ = ::mkstemp(temporary_.data());
  if (file_ < 0) return failed("create a file beside it");
  ::fchmod(file_, 0644);
  return {};
}

// Whether the file that is open is still the one of that name: the process that held it may have renamed it.
bool CardFileSink::is_at_path() const {
  struct stat open {
  }, named{};
  return ::fstat(file_, &open) == 0 && ::stat(temporary_.c_str(), &named) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

Result<void> CardFileSink::open_part() {
  temporary_ = path_.string() + ".part";
  do {
    if (file_ >= 0) ::close(file_);
    file_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (file_ < 0) return Error{temporary_ + ": cannot open: " + system_error()};
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      ::close(std::exchange(file_, -1));
      return Error{path_.string() + ": another process is receiving this card"};
    }
  } while (!is_at_path());
  return {};
}

Result<void> CardFileSink::begin(const Manifest& manifest) {
  close_up();
  has_chunks_ = false;
  auto opened = when_broken_ == WhenBroken::kDiscard ? open_fresh() : open_part();
  if (!opened) return opened;
  const Bytes preamble = card_preamble(encode_manifest(manifest));
  offsets_.clear();
  std::uint64_t offset = preamble.size();
  for (const ChunkInfo& chunk : manifest.chunks) {
    offsets_.push_back(offset);
    offset += chunk.size_bytes;
  }
  auto written = write_at(0, preamble);
  if (!written) discard();
  struct stat status {};
  const auto size = static_cast<off_t>(offset);
  if (written && ::fstat(file_, &status) == 0 && status.st_size > size) (void)!::ftruncate(file_, size);
  return written;
}

ChunkRanges CardFileSink::held(const Manifest& manifest) {
  ChunkRanges whole;
  if (file_ < 0 || when_broken_ == WhenBroken::kDiscard) return whole;
  const auto mapped = map_file(temporary_);
  if (!mapped) return whole;
  for (std::uint32_t i = 0; i < offsets_.size(); ++i) {
    const ChunkInfo& chunk = manifest.chunks[i];
    if (offsets_[i] + chunk.size_bytes > mapped->size()) break;
    const Slice bytes = mapped->part(offsets_[i], chunk.size_bytes);
    if (sha256(bytes.view()) == chunk.digest) whole.add(i);
  }
  has_chunks_ = !whole.empty();
  return whole;
}

Result<void> CardFileSink::chunk(std::uint32_t index, Slice payload) {
  if (file_ < 0 || index >= offsets_.size())
    return Error{path_.string() + ": no place for chunk " + std::to_string(index)};
  auto written = write_at(offsets_[index], payload.view());
  if (!written) close_up();
  has_chunks_ = has_chunks_ || written.ok();
  return written;
}

Result<void> CardFileSink::finish(bool whole) {
  if (!whole) {
    close_up();
    return {};
  }
  if (file_ < 0) return Error{path_.string() + ": nothing was written"};
  bool synced = ::fsync(file_) == 0;
  if (!synced || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    Error error = failed(synced ? "rename " + temporary_ : "sync");
    close_up();
    return error;
  }
  ::close(std::exchange(file_, -1));
  sync_folder(path_);
  return {};
}

void CardFileSink::abandon(const std::string&) { close_up(); }

Result<void> CardFileSink::write_at(std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return failed("write");
    offset += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace kvferry
