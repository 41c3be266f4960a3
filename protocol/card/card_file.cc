// SPDX-License-Identifier: MIT
#include "protocol/card/card_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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

CardFileSink::~CardFileSink() { discard(); }

Error CardFileSink::failed(const std::string& doing) const {
  return Error{path_.string() + ": cannot " + doing + ": " + system_error()};
}

void CardFileSink::discard() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(temporary_.c_str());
  file_ = -1;
}

Result<void> CardFileSink::begin(const Manifest& manifest) {
  discard();
  temporary_ = path_.string() + ".XXXXXX";
  file_ = ::mkstemp(temporary_.data());
  if (file_ < 0) return failed("create a file beside it");
  ::fchmod(file_, 0644);
  Bytes preamble = card_preamble(encode_manifest(manifest));
  offsets_.clear();
  std::uint64_t offset = preamble.size();
  for (const ChunkInfo& chunk : manifest.chunks) {
    offsets_.push_back(offset);
    offset += chunk.size_bytes;
  }
  auto written = write_at(0, preamble);
  if (!written) discard();
  return written;
}

Result<void> CardFileSink::chunk(std::uint32_t index, Slice payload) {
  if (file_ < 0 || index >= offsets_.size())
    return Error{path_.string() + ": no place for chunk " + std::to_string(index)};
  auto written = write_at(offsets_[index], payload.view());
  if (!written) discard();
  return written;
}

Result<void> CardFileSink::finish(bool whole) {
  if (!whole) {
    discard();
    return {};
  }
  if (file_ < 0) return Error{path_.string() + ": nothing was written"};
  bool synced = ::fsync(file_) == 0;
  if (!synced || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    Error error = failed(synced ? "rename " + temporary_ : "sync");
    discard();
    return error;
  }
  ::close(file_);
  file_ = -1;
  sync_folder(path_);
  return {};
}

void CardFileSink::abandon(const std::string&) { discard(); }

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
