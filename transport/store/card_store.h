// SPDX-License-Identifier: MIT
//
// The pool: cards that are written once and read by many, kept apart from any connection. A card is named by
// its digest; documents are names that are bound to a card and may be bound anew.
//
// Every error is one line that names the file or key and what was expected. Calls from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/card/card.h"

namespace kvferry {

struct ListedCard {
  Digest digest;
  std::uint64_t payload_bytes = 0;
  std::uint64_t chunks = 0;
};

struct BoundName {
  std::string name;
  Digest card;
};

struct StoreListing {
  std::vector<ListedCard> cards;  // by digest
  std::vector<BoundName> names;   // by name
  std::vector<Error> damaged;     // what stands there and cannot be read; it harms nothing else
};

struct StoreStatistics {
  std::uint64_t bytes = 0;      // held, of everything that counts against the bound
  std::uint64_t max_bytes = 0;  // the bound; 0: none
  std::uint64_t cards = 0;
  std::uint64_t names = 0;
  std::uint64_t chunks = 0;         // distinct
  std::uint64_t shared_chunks = 0;  // of those, in several places of cards
  std::uint64_t shared_bytes = 0;   // that need not be held because of it
  std::uint64_t evictions = 0;      // since the pool was made
};

struct StoreOptions {
  std::optional<std::uint64_t> max_bytes;      // for everyone who uses the pool from now on; 0: none
  bool create = true;                          // where there is none yet
  std::chrono::milliseconds patience{10'000};  // for an answer of Redis
};

class CardStore {
 public:
  static constexpr std::size_t kMaxNameBytes = 1024;

  virtual ~CardStore() = default;

  // A source for any number of readers at once; nothing if no such card is here. The card is not evicted
  // before the source and all slices of it are gone. A chunk whose bytes are not the right ones is an error
  // of the source's chunk(): digests are compared when a chunk is first read.
  [[nodiscard]] virtual Result<std::shared_ptr<ChunkSource>> find(const Digest& card) = 0;
  // Those chunks of a card that is not here whole that other cards have, digests compared. What `take`
  // returns ends it.
  using TakeChunk = std::function<Result<void>(std::uint32_t index, Slice payload)>;
  [[nodiscard]] virtual Result<void> find_chunks(const Manifest& manifest, const TakeChunk& take) = 0;
  // Compares all digests first. Durable, and to be found by everyone, when it returns. False: it was here
  // already. Where there is a bound, cards that were used least recently make room.
  [[nodiscard]] virtual Result<bool> put(const Card& card) = 0;
  // False: it was not here. Readers keep what they read. Its names go with it.
  [[nodiscard]] virtual Result<bool> remove(const Digest& card) = 0;

  // The card must be here.
  [[nodiscard]] virtual Result<void> bind(const std::string& name, const Digest& card) = 0;
  [[nodiscard]] virtual Result<std::optional<Digest>> resolve(const std::string& name) = 0;

  [[nodiscard]] virtual Result<StoreListing> list() = 0;
  [[nodiscard]] virtual Result<StoreStatistics> statistics() = 0;
};

// DIRECTORY, redis://[USER@]HOST:PORT[/DATABASE] or redis+unix:///SOCKET. The password of Redis is that of
// the environment variable KVFERRY_REDIS_PASSWORD.
[[nodiscard]] Result<std::unique_ptr<CardStore>> open_store(const std::string& where,
                                                            const StoreOptions& options);

// Reads every chunk, so that every digest is compared.
[[nodiscard]] Result<Card> read_whole(ChunkSource& source);

// A name that may be bound: not empty, not too long.
[[nodiscard]] Result<void> check_name(const std::string& name);

}  // namespace kvferry
