// SPDX-License-Identifier: MIT
#include "transport/store/room.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <set>

#include "transport/store/name_files.h"
#include "transport/store/repack.h"

namespace kvferry::store {
namespace {

// Long enough to go on with it.
constexpr auto kKeepBrokenOff = std::chrono::hours(24);

// Receivers hold the lock of what they receive.
void remove_unless_locked(const fs::path& path) {
  const File file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
}

std::int64_t used_ns(const PoolFolder& folder, const Digest& card, const Catalogue::Listed& listed) {
  const auto used = stamp_of(folder.use(card));
  return used ? used->modified_ns : listed.stamp.modified_ns;
}

}  // namespace

void touch(const PoolFolder& folder, const Digest& card) {
  // The kernel's own time for files is coarse: two uses may have the same.
  timespec times[2];
  ::clock_gettime(CLOCK_REALTIME, &times[0]);
  times[1] = times[0];
  const fs::path path = folder.use(card);
  if (::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0) return;
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (file) ::futimens(file.get(), times);
}

Result<void> Room::sweep() {
  std::error_code ignored;
  for (fs::directory_iterator at(folder_.scratch(), ignored), end; !ignored && at != end;
       at.increment(ignored))
    ::unlink(at->path().c_str());
  remove_broken_off();
  if (auto read = catalogue_.refresh(); !read) return read;
  if (const auto used = digest_names(folder_.used())) {
    for (const Digest& card : used->digests) {
      if (catalogue_.cards().count(card) == 0) ::unlink(folder_.use(card).c_str());
    }
  }
  return remove_unused_packs();
}

Result<void> Room::remove_unused_packs() {
  if (catalogue_.unreadable_entry()) return {};
  bool changed = false;
  for (const auto& [name, pack] : catalogue_.packs()) {
    if (!pack.chunks.empty()) continue;
    if (auto removed = remove_file(folder_.pack(name)); !removed) return removed;
    changed = true;
  }
  return changed ? catalogue_.refresh() : Result<void>();
}

Result<void> Room::drop(const Digest& card) {
  if (auto unnamed = remove_names(folder_, card); !unnamed) return unnamed;
  if (auto removed = remove_file(folder_.card(card)); !removed) return removed;
  sync_folder(folder_.cards());  // before its chunks go
  ::unlink(folder_.use(card).c_str());
  if (auto read = catalogue_.refresh(); !read) return read;
  return remove_unused_packs();
}

Result<void> Room::make(std::uint64_t bound, const std::function<std::uint64_t()>& needed,
                        const std::vector<ChunkInfo>& coming) {
  const auto fits = [&] { return catalogue_.bytes() + needed() <= bound; };
  if (bound == 0 || fits()) return {};
  if (const auto& unreadable = catalogue_.unreadable_entry())
    return Error{unreadable->message + "; until it is removed, nothing can make room"};
  if (!fits() && bytes_that_stay(coming) > bound) return no_room(bound, needed());
  std::uint64_t evicted = 0;
  Result<void> done;
  while (done && !fits()) {
    const auto repacked = repack_one(bound);
    if (!repacked) done = repacked.error();
    if (!repacked || *repacked) continue;
    const auto gone = evict_one();
    if (!gone) done = gone.error();
    if (gone && !*gone) done = no_room(bound, needed());
    evicted += gone && *gone;
  }
  if (evicted == 0) return done;
  const auto before = folder_.number(kEvictionsFile);  // if it is damaged, counting begins anew
  const auto counted = folder_.set_number(kEvictionsFile, (before ? *before : 0) + evicted);
  return done ? counted : done;
}

void Room::remove_broken_off() {
  const auto oldest = fs::file_time_type::clock::now() - kKeepBrokenOff;
  std::error_code failed;
  for (fs::directory_iterator at(folder_.incoming(), failed), end; !failed && at != end;
       at.increment(failed)) {
    std::error_code gone;
    const auto written = fs::last_write_time(at->path(), gone);
    if (!gone && written < oldest) remove_unless_locked(at->path());
  }
}

Result<bool> Room::evict_one() {
  std::vector<std::pair<std::int64_t, Digest>> by_use;
  for (const auto& [card, listed] : catalogue_.cards())
    by_use.emplace_back(used_ns(folder_, card, listed), card);
  std::sort(by_use.begin(), by_use.end());
  for (const auto& [used, card] : by_use) {
    const auto bar = pins_.try_bar(card);
    if (!bar) continue;
    if (auto dropped = drop(card); !dropped) return dropped.error();
    return true;
  }
  return false;
}

Result<bool> Room::repack_one(std::uint64_t bound) {
  for (const auto& [name, pack] : catalogue_.packs()) {
    if (!is_worth_repacking(pack) || catalogue_.bytes() + pack.live_bytes + sizeof kPackMagic > bound)
      continue;
    const auto done = repack(folder_, catalogue_, name);
    if (!done) return done.error();
    if (!*done) continue;
    if (auto read = catalogue_.refresh(); !read) return read.error();
    if (auto removed = remove_unused_packs(); !removed) return removed.error();
    return true;
  }
  return false;
}

std::uint64_t Room::bytes_that_stay(const std::vector<ChunkInfo>& coming) {
  std::set<Digest> chunks;
  std::uint64_t bytes = 0;
  const auto count = [&](const std::vector<ChunkInfo>& table) {
    for (const ChunkInfo& chunk : table) bytes += chunks.insert(chunk.digest).second ? chunk.size_bytes : 0;
  };
  for (const auto& [card, listed] : catalogue_.cards()) {
    if (pins_.is_pinned(card)) count(listed.entry.manifest.chunks);
  }
  count(coming);
  return bytes;
}

Error Room::no_room(std::uint64_t bound, std::uint64_t needed) const {
  return Error{folder_.root().string() + ": no room for " + std::to_string(needed) +
               " bytes within the bound of " + std::to_string(bound) + ": what else is here is being read"};
}

}  // namespace kvferry::store
