// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/wishes.h"

namespace kvferry {

Result<void> check_wishes(const Manifest& manifest, const RequestOptions& request) {
  if (!request.question_tokens.empty())
    return Error{"cards made for a question need a model, and this server has none"};
  if (!request.preset.empty() && request.preset != manifest.preset) {
    return Error{"the card is encoded with '" + manifest.preset + "' and this server cannot make another"};
  }
  if (request.byte_budget && *request.byte_budget < manifest.payload_bytes()) {
    return Error{"the card's payload of " + std::to_string(manifest.payload_bytes()) +
                 " bytes exceeds the budget of " + std::to_string(*request.byte_budget)};
  }
  return {};
}

Error no_such_card(const RequestOptions& request) {
  if (request.card) return Error{"no card with digest " + request.card->hex() + " here"};
  return Error{"no card named '" + request.document + "' here"};
}

}  // namespace kvferry
