// SPDX-License-Identifier: MIT
#include "transport/store/redis_store.h"

#include <algorithm>
#include <charconv>

#include "transport/store/redis_card.h"

namespace kvferry {

using store::bind_script;
using store::bound_script;
using store::check_chunk;
using store::kFull;
using store::kHere;
using store::kPut;
using store::kRedisPrefix;
using store::manifest_value;
using store::parse_manifest_value;
using store::put_script;
using store::RedisCard;
using store::RedisLink;
using store::RedisPool;
using store::RedisReply;
using store::remove_script;
using store::resolve_script;

namespace {

constexpr const char* kFormatVersion = "1";
constexpr std::size_t kBatchBytes = 8 << 20;    // on their way at a time
constexpr int kPutRounds = 8;                   // chunks may go again while others are put
constexpr const char* kUploadSeconds = "3600";  // an upload that is not followed by its card

using Words = RedisLink::Words;

std::string key(const char* name) { return std::string(kRedisPrefix) + name; }

// As scripts read them.
struct ChunkLists {
  std::string digests, sizes;

  explicit ChunkLists(const Manifest& manifest) {
    for (const ChunkInfo& chunk : manifest.chunks) {
      const std::string size = std::to_string(chunk.size_bytes);
      digests += chunk.digest.hex();
      sizes += std::string(10 - size.size(), '0') + size;
    }
  }
};

// The indices of a table's chunks in runs that are not too large to be on their way at a time.
template <typename Visit>
Result<void> in_batches(const Manifest& manifest, const std::vector<std::uint32_t>& indices, Visit&& visit) {
  std::vector<std::uint32_t> batch;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    batch.push_back(indices[i]);
    bytes += manifest.chunks[indices[i]].size_bytes;
    if (bytes < kBatchBytes && i + 1 < indices.size()) continue;
    if (auto done = visit(batch); !done) return done;
    batch.clear();
    bytes = 0;
  }
  return {};
}

// Not over what is there: it may be another card's by now.
Result<void> upload(RedisPool& pool, const Card& card, const std::vector<std::uint32_t>& missing) {
  return in_batches(card.manifest, missing, [&](const std::vector<std::uint32_t>& batch) -> Result<void> {
    std::vector<std::string> keys;
    keys.reserve(batch.size());
    for (const std::uint32_t index : batch)
      keys.push_back(RedisPool::key("chunk:", card.manifest.chunks[index].digest));
    std::vector<Words> commands;
    commands.reserve(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      commands.push_back({as_bytes("SET"), as_bytes(keys[i]), card.chunks[batch[i]].view(), as_bytes("NX"),
                          as_bytes("EX"), as_bytes(kUploadSeconds)});
    }
    const auto done = pool.ask_all(commands);
    return done ? Result<void>() : done.error();
  });
}

std::vector<std::uint32_t> places(const RedisReply& reply) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 1; i < reply.list.size(); ++i)
    out.push_back(static_cast<std::uint32_t>(reply.list[i].number));
  return out;
}

std::uint64_t number_in(const RedisReply& reply) {
  if (reply.kind == RedisReply::Kind::kNumber) return static_cast<std::uint64_t>(reply.number);
  const std::string text = reply.text();
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Sets it where there is none.
Result<void> check_format(RedisPool& pool, bool create) {
  const std::string format = key("format");
  if (create) {
    const auto set = pool.ask({as_bytes("SETNX"), as_bytes(format), as_bytes(kFormatVersion)});
    if (!set) return set.error();
  }
  const auto found = pool.ask({as_bytes("GET"), as_bytes(format)});
  if (!found) return found.error();
  if (found->kind != RedisReply::Kind::kText)
    return Error{pool.where() + ": " + format + ": missing, expected a pool"};
  if (found->text() == kFormatVersion) return {};
  return Error{pool.where() + ": " + format + ": a pool of version '" + found->text().substr(0, 40) +
               "', expected '" + kFormatVersion + "'"};
}

}  // namespace

Result<std::unique_ptr<CardStore>> RedisStore::open(const RedisAddress& address,
                                                    const StoreOptions& options) {
  auto pool = std::make_shared<RedisPool>(address, options.patience);
  if (auto checked = check_format(*pool, options.create); !checked) return checked.error();
  if (options.max_bytes) {
    const auto bounded = pool->run(bound_script(), {std::to_string(*options.max_bytes)});
    if (!bounded) return bounded.error();
  }
  return std::unique_ptr<CardStore>(new RedisStore(std::move(pool)));
}

Result<std::shared_ptr<ChunkSource>> RedisStore::find(const Digest& card) {
  const std::lock_guard hold(mutex_);
  std::weak_ptr<RedisCard>& known = open_[card];
  std::shared_ptr<RedisCard> source = known.lock();
  std::string holder = source ? source->holder() : pool_->new_holder();
  const auto value = pool_->pin(card, holder);
  if (!value) return value.error();
  if (!*value) {
    open_.erase(card);
    return std::shared_ptr<ChunkSource>();
  }
  if (source) return std::shared_ptr<ChunkSource>(std::move(source));
  auto manifest = parse_manifest_value(**value, card);
  if (!manifest) {
    pool_->unpin(card, holder);
    return manifest.error().in(pool_->where() + ": " + RedisPool::key("card:", card));
  }
  known = source = std::make_shared<RedisCard>(pool_, card, std::move(holder), std::move(*manifest));
  return std::shared_ptr<ChunkSource>(std::move(source));
}

Result<void> RedisStore::find_chunks(const Manifest& manifest, const TakeChunk& take) {
  std::vector<std::uint32_t> all(manifest.chunks.size());
  for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  return in_batches(manifest, all, [&](const std::vector<std::uint32_t>& batch) -> Result<void> {
    std::vector<std::string> keys;
    keys.reserve(batch.size());
    for (const std::uint32_t index : batch)
      keys.push_back(RedisPool::key("chunk:", manifest.chunks[index].digest));
    std::vector<Words> commands;
    commands.reserve(batch.size());
    for (const std::string& each : keys) commands.push_back({as_bytes("GET"), as_bytes(each)});
    const auto values = pool_->ask_all(commands);
    if (!values) return values.error();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      auto payload = check_chunk((*values)[i], manifest.chunks[batch[i]]);
      if (!payload) continue;
      if (auto taken = take(batch[i], std::move(*payload)); !taken) return taken;
    }
    return {};
  });
}

Result<bool> RedisStore::put(const Card& card) {
  if (auto verified = card.verify(); !verified) return verified.error();
  const Digest digest = card.digest();
  const Bytes manifest = manifest_value(card.manifest);
  const ChunkLists lists(card.manifest);
  const std::vector<std::string> words{digest.hex(), std::string(manifest.begin(), manifest.end()),
                                       lists.digests, lists.sizes};
  std::vector<std::uint32_t> missing;
  for (int round = 0; round < kPutRounds; ++round) {
    const auto reply = pool_->run(put_script(), words);
    if (!reply) return reply.error();
    if (reply->list.empty())
      return Error{pool_->where() + ": cannot put: an answer that is none of the pool's"};
    const std::string what = reply->list[0].text();
    if (what == kPut || what == kHere) return what == kPut;
    if (what == kFull) {
      return Error{pool_->where() + ": no room for " + std::to_string(card.file_bytes()) +
                   " bytes within the bound of " + std::to_string(number_in(reply->list.at(1))) +
                   ": what else is here is being read"};
    }
    missing = places(*reply);
    if (auto uploaded = upload(*pool_, card, missing); !uploaded) return uploaded.error();
  }
  const ChunkInfo& chunk = card.manifest.chunks.at(missing.at(0));
  return Error{pool_->where() + ": " + RedisPool::key("chunk:", chunk.digest) + ": damaged, expected " +
               std::to_string(chunk.size_bytes) +
               " bytes; remove the cards that have it, and put them again"};
}

Result<bool> RedisStore::remove(const Digest& card) {
  const auto reply = pool_->run(remove_script(), {card.hex()});
  if (!reply) return reply.error();
  return reply->number == 1;
}

Result<void> RedisStore::bind(const std::string& name, const Digest& card) {
  if (auto checked = check_name(name); !checked) return checked;
  const auto reply = pool_->run(bind_script(), {name, card.hex()});
  if (!reply) return reply.error();
  if (reply->number != 1) return Error{pool_->where() + ": no card with digest " + card.hex() + " here"};
  return {};
}

Result<std::optional<Digest>> RedisStore::resolve(const std::string& name) {
  const auto reply = pool_->run(resolve_script(), {name});
  if (!reply) return reply.error();
  if (reply->kind != RedisReply::Kind::kText) return std::optional<Digest>();
  const auto card = Digest::from_hex(reply->text());
  if (!card) return Error{pool_->where() + ": kvferry:names: damaged, expected a card's digest"};
  return std::optional(*card);
}

Result<StoreListing> RedisStore::list() {
  const std::string used = key("used"), names = key("names");
  const auto both = pool_->ask_all({{as_bytes("ZRANGE"), as_bytes(used), as_bytes("0"), as_bytes("-1")},
                                    {as_bytes("HGETALL"), as_bytes(names)}});
  if (!both) return both.error();
  StoreListing out;
  const auto complain = [&](const Error& error) { out.damaged.push_back(error.in(pool_->where())); };
  for (const RedisReply& member : (*both)[0].list) {
    const auto card = Digest::from_hex(member.text());
    if (!card) {
      complain(card.error().in(used));
      continue;
    }
    const std::string entry = RedisPool::key("card:", *card);
    const auto value = pool_->ask({as_bytes("HGET"), as_bytes(entry), as_bytes("manifest")});
    if (!value) {
      out.damaged.push_back(value.error());
      continue;
    }
    const auto manifest = parse_manifest_value(value->bytes.view(), *card);
    if (manifest) {
      out.cards.push_back({*card, manifest->payload_bytes(), manifest->chunks.size()});
    } else {
      complain(manifest.error().in(entry));
    }
  }
  const auto& bound = (*both)[1].list;
  for (std::size_t i = 0; i + 1 < bound.size(); i += 2) {
    const auto card = Digest::from_hex(bound[i + 1].text());
    if (card) {
      out.names.push_back({bound[i].text(), *card});
    } else {
      complain(Error{names + ": damaged, expected a card's digest"});
    }
  }
  std::sort(out.cards.begin(), out.cards.end(),
            [](const auto& a, const auto& b) { return a.digest < b.digest; });
  std::sort(out.names.begin(), out.names.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

Result<StoreStatistics> RedisStore::statistics() {
  const std::string bytes = key("bytes"), bound = key("bound"), evictions = key("evictions"),
                    used = key("used"), names = key("names"), refs = key("refs");
  const auto replies = pool_->ask_all({{as_bytes("GET"), as_bytes(bytes)},
                                       {as_bytes("GET"), as_bytes(bound)},
                                       {as_bytes("GET"), as_bytes(evictions)},
                                       {as_bytes("ZCARD"), as_bytes(used)},
                                       {as_bytes("HLEN"), as_bytes(names)},
                                       {as_bytes("HGETALL"), as_bytes(refs)}});
  if (!replies) return replies.error();
  StoreStatistics out;
  out.bytes = number_in((*replies)[0]);
  out.max_bytes = number_in((*replies)[1]);
  out.evictions = number_in((*replies)[2]);
  out.cards = number_in((*replies)[3]);
  out.names = number_in((*replies)[4]);
  const auto& chunks = (*replies)[5].list;
  out.chunks = chunks.size() / 2;
  for (std::size_t i = 0; i + 1 < chunks.size(); i += 2) {
    const std::uint64_t times = number_in(chunks[i + 1]);
    if (times < 2) continue;
    const std::string chunk = key("chunk:") + chunks[i].text();
    const auto size = pool_->ask({as_bytes("STRLEN"), as_bytes(chunk)});
    if (!size) return size.error();
    ++out.shared_chunks;
    out.shared_bytes += (times - 1) * number_in(*size);
  }
  return out;
}

}  // namespace kvferry
