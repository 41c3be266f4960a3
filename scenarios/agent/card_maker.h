// SPDX-License-Identifier: MIT
//
// A document that has been read, and the cards made of its cache on request.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "codec/preset.h"
#include "model/make_card.h"
#include "model/reader.h"
#include "protocol/card/card.h"
#include "protocol/wire/request_options.h"

namespace kvferry {

class CardMaker {
 public:
  // The reader outlives it. `cache` is the reader's, of the whole document, or one that was taken over: then
  // the order has no text. `order` is the document's, with the preset for requests that wish none. Whether to
  // probe: every card is measured when it is made.
  CardMaker(const Reader& reader, std::string document_name, KvCache cache, CardOrder order, bool probe);

  // The card that answers a request; the error says why there is none. From any thread, one at a time. Cards
  // that do not depend on a question are made once; so is that of the model's moments, for agents of other
  // models.
  [[nodiscard]] Result<std::shared_ptr<const Card>> make(const RequestOptions& request);

  // The document reads so now. Only what follows the first change is read anew; cards that were made keep the
  // chunks that still hold, and what they were can be a base. From any thread.
  [[nodiscard]] Result<void> update(const std::string& document);
  // The same of a cache that was taken over.
  void update(KvCache cache);
  // A card that was made, or nothing.
  [[nodiscard]] std::shared_ptr<const Card> find_made(const Digest& digest) const;

 private:
  [[nodiscard]] Result<Preset> preset_for(const RequestOptions& request) const;
  [[nodiscard]] Result<void> check_is_possible(const Preset& preset) const;
  [[nodiscard]] Result<std::vector<std::int64_t>> question_of(const RequestOptions& request) const;
  [[nodiscard]] Result<std::shared_ptr<const Card>> encode_for(const Preset& preset,
                                                               const RequestOptions& request) const;
  [[nodiscard]] std::shared_ptr<const Card> base_of(const RequestOptions& request) const;
  // Of the cache now, with what still holds of `before`; or nothing, where the preset leaves no chunk as it
  // was.
  [[nodiscard]] std::shared_ptr<const Card> follow_up(const Card& before, std::uint32_t prefix) const;
  void update_cards(std::uint32_t prefix);

  const Reader& reader_;
  std::string document_name_;
  KvCache cache_;
  CardOrder order_;
  bool probe_;
  Result<std::shared_ptr<const Card>> moments_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Card>> made_;  // by canonical preset
  std::deque<std::shared_ptr<const Card>> former_;           // of the document as it was, the latest first
};

}  // namespace kvferry
