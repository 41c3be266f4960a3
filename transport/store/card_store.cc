// SPDX-License-Identifier: MIT
#include "transport/store/card_store.h"

#include "transport/store/directory_store.h"
#include "transport/store/redis_store.h"

namespace kvferry {

Result<std::unique_ptr<CardStore>> open_store(const std::string& where, const StoreOptions& options) {
  if (RedisAddress::is_one(where)) {
    const auto address = RedisAddress::parse(where);
    if (!address) return address.error();
    return RedisStore::open(*address, options);
  }
  return DirectoryStore::open(where, options);
}

Result<Card> read_whole(ChunkSource& source) {
  Card card{source.manifest(), {}};
  for (std::uint32_t i = 0; i < card.manifest.chunks.size(); ++i) {
    auto chunk = source.chunk(i);
    if (!chunk) return chunk.error();
    card.chunks.push_back(std::move(*chunk));
  }
  return card;
}

Result<void> check_name(const std::string& name) {
  if (name.empty()) return Error{"a document's name is empty"};
  if (name.size() > CardStore::kMaxNameBytes) {
    return Error{"a document's name of " + std::to_string(name.size()) + " bytes, expected at most " +
                 std::to_string(CardStore::kMaxNameBytes)};
  }
  return {};
}

}  // namespace kvferry
