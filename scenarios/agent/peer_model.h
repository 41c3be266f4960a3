// SPDX-License-Identifier: MIT
//
// The model that made a peer's caches: this agent's own, or another, whose caches are then given this model's
// moments (codec/calibration/match.h).
#pragma once

#include <memory>
#include <optional>

#include "codec/calibration/moments.h"
#include "scenarios/agent/arrival.h"

namespace kvferry {

class PeerModel {
 public:
  // Until meet() the peer's model is the reader's. calibration: this model's; may be none.
  PeerModel(const Reader& reader, std::shared_ptr<const LoadedCalibration> calibration);

  // Asks the peer for its moments, and has `fetch` accept cards of its model from now on. Throws UsageError
  // or Failure: there is no calibration of this model, or the tokenizers differ.
  void meet(const HostPort& peer, FetchOptions& fetch);

  // Decodes what is here of a card, which must be of the model that was met.
  [[nodiscard]] Result<void> decode(Arrival& arrival) const;
  // The peer's cache as this model would have it.
  [[nodiscard]] Result<KvCache> as_ours(KvCache theirs) const;

 private:
  ModelIdentity met_;
  DecodeOptions decoding_;
  ModelMoments ours_;
  std::optional<ModelMoments> theirs_;
};

}  // namespace kvferry
