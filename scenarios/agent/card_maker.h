// SPDX-License-Identifier: MIT
//
// A document that has been read, and the cards made of its cache on request.
#pragma once

#include <cstdint>
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
  // `cache` is the reader's, of the whole document, or one that was taken over: then the order has no text.
  // `order` is the document's, with the preset for requests that wish none. Whether to probe: every card is
  // measured when it is made.
  CardMaker(Reader reader, std::string document_name, KvCache cache, CardOrder order, bool probe);

  // The card that answers a request; the error says why there is none. From any thread, one at a time. Cards
  // that do not depend on a question are made once.
  [[nodiscard]] Result<std::shared_ptr<const Card>> make(const RequestOptions& request);

  [[nodiscard]] const ModelIdentity& identity() const { return reader_.identity(); }

 private:
  [[nodiscard]] Result<Preset> preset_for(const RequestOptions& request) const;
  [[nodiscard]] Result<void> check_is_possible(const Preset& preset) const;
  [[nodiscard]] Result<std::vector<std::int64_t>> question_of(const RequestOptions& request) const;
  [[nodiscard]] Result<std::shared_ptr<const Card>> encode_for(const Preset& preset,
                                                               const RequestOptions& request) const;

  Reader reader_;
  std::string document_name_;
  KvCache cache_;
  CardOrder order_;
  bool probe_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Card>> made_;  // by canonical preset
};

}  // namespace kvferry
