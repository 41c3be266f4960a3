// SPDX-License-Identifier: MIT
//
// Why a transfer was not begun, or failed, as sent in REFUSE, REJECT and CANCEL
// beside the reason, which is for people. SPEC.md §12.
#pragma once

#include <cstdint>
#include <string>

namespace kvferry {

enum class TransferError : std::uint64_t {
  kOther = 0,        // or a code that this version does not know
  kNotHere = 1,      // no such card or document
  kLimits = 2,       // more than the peer's limits allow
  kModel = 3,        // another model, tokenizer or RoPE configuration
  kCodec = 4,        // a codec that the receiver does not decode
  kQuality = 5,      // below the floor, or never measured
  kDamaged = 6,      // a digest differs
  kBusy = 7,         // too many open transfers
  kBase = 8,         // a delta of a card that is not here
  kStalled = 9,      // no progress
  kStorage = 10,     // the receiver cannot keep it
  kNotPossible = 11  // a question without a model to select with, say
};

// A reason with its code, as one side tells the other.
struct TransferFault {
  TransferError code = TransferError::kOther;
  std::string reason;
};

}  // namespace kvferry
