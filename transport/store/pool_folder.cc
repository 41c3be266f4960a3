// SPDX-License-Identifier: MIT
#include "transport/store/pool_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <thread>

#include "protocol/base/printable.h"

namespace kvferry::store {
namespace {

constexpr std::string_view kFormat = "kvferry pool 1\n";
constexpr std::string_view kFormatBeginning = "kvferry pool ";
constexpr auto kLockPatience = std::chrono::minutes(1);
constexpr std::size_t kNumberBytes = 24;

std::string_view text_of(const Slice& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Nothing but what the making of a pool may have left behind.
bool is_empty_folder(const fs::path& folder) {
  std::error_code failed;
  fs::directory_iterator entries(folder, failed);
  return !failed && std::all_of(fs::begin(entries), fs::end(entries), [](const fs::directory_entry& entry) {
    return entry.path().filename() == "scratch";
  });
}

}  // namespace

Result<PoolFolder> PoolFolder::open(const fs::path& root, bool create) {
  PoolFolder pool(root);
  std::error_code failed;
  const bool is_there = fs::exists(root, failed);
  if (failed) return Error{root.string() + ": cannot look at it: " + failed.message()};
  if (is_there && !fs::is_directory(root)) return Error{root.string() + ": not a folder, expected a pool"};
  if (!is_there && !create) return Error{root.string() + ": no such folder, expected a pool"};
  const bool has_format = fs::exists(root / "format", failed);
  if (!has_format && create && (!is_there || is_empty_folder(root))) {
    // Another process may be quicker, and sweep up after itself.
    if (auto made = pool.make(); !made && !fs::exists(root / "format", failed)) return made.error();
  }
  if (auto checked = pool.check_format(); !checked) return checked.error();
  return pool;
}

// The folders come after the format: without one they would look like somebody else's.
Result<void> PoolFolder::make() const {
  std::error_code failed;
  fs::create_directories(scratch(), failed);
  if (failed) return Error{root_.string() + ": cannot create: " + failed.message()};
  return write_file(scratch(), root_ / "format", {as_bytes(kFormat)});
}

Result<void> PoolFolder::check_format() const {
  const fs::path file = root_ / "format";
  const auto mapped = map_file(file);
  if (!mapped) return mapped.error();
  if (!*mapped) return Error{file.string() + ": missing, expected a pool or an empty folder"};
  const std::string_view found = text_of((*mapped)->bytes);
  if (found != kFormat) {
    const bool is_other_version = found.substr(0, kFormatBeginning.size()) == kFormatBeginning;
    return Error{file.string() + ": " + (is_other_version ? "a pool of another version, '" : "no pool, '") +
                 printable(std::string(found.substr(0, found.find('\n'))), 40) +
                 "', expected 'kvferry pool 1'"};
  }
  for (const fs::path& folder : {scratch(), cards(), packs(), names(), used(), incoming()}) {
    std::error_code ignored;  // where the pool may not be written, an empty folder is as good as none
    fs::create_directory(folder, ignored);
  }
  return {};
}

Result<File> PoolFolder::lock() const {
  const fs::path path = root_ / "lock";
  File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!file) return failed(path, "open");
  const auto deadline = std::chrono::steady_clock::now() + kLockPatience;
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return failed(path, "lock");
    if (std::chrono::steady_clock::now() > deadline)
      return Error{path.string() + ": another process has been changing the pool for a minute"};
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return file;
}

Result<std::uint64_t> PoolFolder::number(const char* name) const {
  const fs::path file = root_ / name;
  const auto mapped = map_file(file);
  if (!mapped) return mapped.error();
  if (!*mapped) return std::uint64_t{0};
  const std::string_view text = text_of((*mapped)->bytes);
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.size() > kNumberBytes || parsed.ec != std::errc() || text.substr(parsed.ptr - text.data()) != "\n")
    return Error{file.string() + ": '" + printable(std::string(text), 40) + "', expected a number"};
  return value;
}

Result<void> PoolFolder::set_number(const char* name, std::uint64_t value) const {
  const std::string text = std::to_string(value) + "\n";
  return write_file(scratch(), root_ / name, {as_bytes(text)});
}

Result<DigestNames> digest_names(const fs::path& folder) {
  DigestNames out;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    const auto digest = Digest::from_hex(at->path().filename().string());
    // One way to write each.
    if (digest && digest->hex() == at->path().filename()) {
      out.digests.push_back(*digest);
    } else {
      out.others.push_back(
          Error{printable(at->path().string()) + ": expected a name of 64 hexadecimal digits"});
    }
  }
  if (failed && failed != std::errc::no_such_file_or_directory)
    return Error{folder.string() + ": cannot list: " + failed.message()};
  std::sort(out.digests.begin(), out.digests.end());
  return out;
}

}  // namespace kvferry::store
