// SPDX-License-Identifier: MIT
#include "transport/store/directory_store.h"

#include <fcntl.h>
#include <unistd.h>

#include "transport/store/name_files.h"
#include "transport/store/put_plan.h"
#include "transport/store/room.h"

namespace kvferry {

namespace fs = std::filesystem;
using store::CardFiles;
using store::CheckedChunks;
using store::File;
using store::kBoundFile;
using store::kEvictionsFile;
using store::list_names;
using store::map_file;
using store::parse_entry;
using store::payload_at;
using store::PoolFolder;
using store::PutPlan;
using store::read_name;
using store::Room;
using store::serialize_entry;
using store::stamp_of;
using store::StoredCard;
using store::touch;
using store::write_file;
using store::write_name;

namespace {

// A pack may be written anew while its cards are being opened, again and again only under a great deal of
// eviction.
constexpr int kOpenAttempts = 100;

// Where the pool may not be written, what is there serves: nobody here evicts.
File open_pins(const fs::path& path) {
  File pins(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  return pins ? std::move(pins) : File(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

bool is_there(const fs::path& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

Result<std::unique_ptr<CardStore>> DirectoryStore::open(const fs::path& root, const StoreOptions& options) {
  auto folder = PoolFolder::open(root, options.create);
  if (!folder) return folder.error();
  File pins = open_pins(folder->pins());
  std::unique_ptr<DirectoryStore> store(new DirectoryStore(std::move(*folder), std::move(pins)));
  if (options.max_bytes) {
    if (auto bounded = store->set_bound(*options.max_bytes); !bounded) return bounded.error();
  }
  return std::unique_ptr<CardStore>(std::move(store));
}

Result<void> DirectoryStore::set_bound(std::uint64_t max_bytes) {
  const std::lock_guard hold(changing_);
  const auto before = folder_.number(kBoundFile);
  if (before && *before == max_bytes) return {};
  const auto lock = folder_.lock();
  if (!lock) return lock.error();
  if (auto written = folder_.set_number(kBoundFile, max_bytes); !written) return written;
  Room room(folder_, catalogue_, *pins_);
  if (auto swept = room.sweep(); !swept) return swept;
  // What is being read stays; the next one to put makes room for itself.
  (void)room.make(max_bytes, [] { return std::uint64_t{0}; }, {});
  return {};
}

Result<std::shared_ptr<ChunkSource>> DirectoryStore::find(const Digest& card) {
  const std::lock_guard hold(reading_);
  if (!is_there(folder_.card(card))) {
    open_.erase(card);
    checked_.erase(card);
    return std::shared_ptr<ChunkSource>();
  }
  std::weak_ptr<StoredCard>& known = open_[card];
  std::shared_ptr<StoredCard> source = known.lock();
  if (!source) {
    auto opened = open_card(card);
    if (!opened) return opened.error();
    known = source = std::move(*opened);
  }
  if (source) {
    touch(folder_, card);
  } else {
    open_.erase(card);
  }
  return std::shared_ptr<ChunkSource>(std::move(source));
}

// Pinned first: what is read afterwards is not evicted any more.
Result<std::shared_ptr<StoredCard>> DirectoryStore::open_card(const Digest& card) {
  auto pin = pins_->pin(card);
  Result<std::optional<CardFiles>> files = std::optional<CardFiles>();
  for (int attempt = 0; attempt < kOpenAttempts; ++attempt) {
    const auto before = stamp_of(folder_.card(card));
    if (!before) return std::shared_ptr<StoredCard>();
    files = open_files(card);
    if ((files && *files) || stamp_of(folder_.card(card)) == before) break;
  }
  if (!files) return files.error();
  if (!*files) return Error{folder_.card(card).string() + ": changes all the time"};
  (*files)->pin = std::move(pin);
  Checked& checked = checked_[card];
  if (!checked.chunks || checked.stamps != (*files)->stamps)
    checked = {(*files)->stamps, std::make_shared<CheckedChunks>((*files)->entry.places.size())};
  (*files)->checked = checked.chunks;
  return std::make_shared<StoredCard>(std::move(**files));
}

Result<std::optional<CardFiles>> DirectoryStore::open_files(const Digest& card) {
  const fs::path path = folder_.card(card);
  const auto file = map_file(path);
  if (!file) return file.error();
  if (!*file) return std::optional<CardFiles>();
  auto entry = parse_entry((*file)->bytes.view(), card);
  if (!entry) return entry.error().in(path.string());
  CardFiles files;
  files.stamps.push_back((*file)->stamp);
  for (const Digest& name : entry->packs) {
    const fs::path pack = folder_.pack(name);
    auto mapped = map_file(pack);
    if (!mapped) return mapped.error();
    if (!*mapped) return Error{pack.string() + ": missing, and the card " + card.hex() + " needs it"};
    files.paths.push_back(pack);
    files.packs.push_back(std::move((*mapped)->bytes));
    files.stamps.push_back((*mapped)->stamp);
  }
  files.entry = std::move(*entry);
  return std::optional(std::move(files));
}

Result<void> DirectoryStore::find_chunks(const Manifest& manifest, const TakeChunk& take) {
  const std::lock_guard hold(changing_);
  if (auto read = catalogue_.refresh(); !read) return read;
  std::map<Digest, Slice> packs;
  for (std::uint32_t i = 0; i < manifest.chunks.size(); ++i) {
    const ChunkInfo& chunk = manifest.chunks[i];
    const auto place = catalogue_.place_of(chunk.digest);
    if (!place) continue;
    const auto [pack, is_new] = packs.try_emplace(place->pack);
    if (is_new) {
      if (const auto mapped = map_file(folder_.pack(place->pack)); mapped && *mapped)
        pack->second = (*mapped)->bytes;
    }
    const auto payload = payload_at(pack->second.view(), {}, place->offset, chunk.size_bytes);
    if (!payload || sha256(*payload) != chunk.digest) continue;
    if (auto taken = take(i, pack->second.part(place->offset, payload->size())); !taken) return taken;
  }
  return {};
}

Result<bool> DirectoryStore::put(const Card& card) {
  if (auto verified = card.verify(); !verified) return verified.error();
  const Digest digest = card.digest();
  const std::lock_guard hold(changing_);
  const auto lock = folder_.lock();
  if (!lock) return lock.error();
  const auto bound = folder_.number(kBoundFile);
  if (!bound) return bound.error();
  Room room(folder_, catalogue_, *pins_);
  if (auto swept = room.sweep(); !swept) return swept.error();

  PutPlan plan(folder_, catalogue_, card);
  const auto known = catalogue_.cards().find(digest);
  const bool was_here = known != catalogue_.cards().end();
  if (was_here && plan.is_done(known->second.entry)) {
    touch(folder_, digest);
    return false;
  }
  // If it shares no chunk.
  const std::uint64_t most = card.file_bytes() + 12 * card.chunks.size() + 2 * Digest::kBytes;
  if (*bound != 0 && most > *bound) {
    return Error{folder_.root().string() + ": a card of " + std::to_string(most) +
                 " bytes, and the pool's bound is " + std::to_string(*bound)};
  }
  const auto needed = [&] {
    plan.make();
    return plan.bytes();
  };
  if (auto made = room.make(*bound, needed, card.manifest.chunks); !made) return made.error();
  plan.make();
  if (!plan.pack().empty()) {
    if (auto written = plan.pack().write(folder_); !written) return written.error();
  }
  const Bytes entry = serialize_entry(plan.entry());
  if (auto written = write_file(folder_.scratch(), folder_.card(digest), {entry}); !written)
    return written.error();
  touch(folder_, digest);
  return !was_here;
}

Result<bool> DirectoryStore::remove(const Digest& card) {
  const std::lock_guard hold(changing_);
  const auto lock = folder_.lock();
  if (!lock) return lock.error();
  if (!is_there(folder_.card(card))) return false;
  Room room(folder_, catalogue_, *pins_);
  if (auto swept = room.sweep(); !swept) return swept.error();
  if (auto dropped = room.drop(card); !dropped) return dropped.error();
  return true;
}

Result<void> DirectoryStore::bind(const std::string& name, const Digest& card) {
  if (auto checked = check_name(name); !checked) return checked;
  const auto lock = folder_.lock();
  if (!lock) return lock.error();
  if (!is_there(folder_.card(card)))
    return Error{folder_.root().string() + ": no card with digest " + card.hex() + " here"};
  return write_name(folder_, {name, card});
}

Result<std::optional<Digest>> DirectoryStore::resolve(const std::string& name) {
  auto card = read_name(folder_, name);
  if (!card || !*card || is_there(folder_.card(**card))) return card;
  return std::optional<Digest>();
}

Result<StoreListing> DirectoryStore::list() {
  const std::lock_guard hold(changing_);
  if (auto read = catalogue_.refresh(); !read) return read.error();
  auto names = list_names(folder_);
  if (!names) return names.error();
  StoreListing out{{}, std::move(names->names), std::move(names->damaged)};
  out.damaged.insert(out.damaged.end(), catalogue_.damaged().begin(), catalogue_.damaged().end());
  for (const auto& [card, listed] : catalogue_.cards()) {
    const Manifest& manifest = listed.entry.manifest;
    out.cards.push_back({card, manifest.payload_bytes(), manifest.chunks.size()});
  }
  return out;
}

Result<StoreStatistics> DirectoryStore::statistics() {
  const std::lock_guard hold(changing_);
  if (auto read = catalogue_.refresh(); !read) return read.error();
  const auto bound = folder_.number(kBoundFile);
  if (!bound) return bound.error();
  const auto evictions = folder_.number(kEvictionsFile);
  if (!evictions) return evictions.error();
  StoreStatistics out;
  out.bytes = catalogue_.bytes();
  out.max_bytes = *bound;
  out.evictions = *evictions;
  out.cards = catalogue_.cards().size();
  out.names = catalogue_.names();
  for (const auto& [name, pack] : catalogue_.packs()) {
    out.chunks += pack.chunks.size();
    for (const auto& [offset, use] : pack.chunks) {
      out.shared_chunks += use.times > 1;
      out.shared_bytes += std::uint64_t{use.times - 1} * use.size_bytes;
    }
  }
  return out;
}

}  // namespace kvferry
