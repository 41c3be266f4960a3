// SPDX-License-Identifier: MIT
//
// The model that made a peer's caches: this agent's own, or another, whose caches are then given this model's
// moments (codec/calibration/match.h).
#pragma once

#include <memory>
#include <optional>

#include "codec/decoder.h"
#include "model/reader.h"
#include "transport/fetch.h"

namespace kvferry {

class PeerModel {
 public:
  // Until meet() the peer's model is the reader's. calibration: this model's; may be none.
  PeerModel(const Reader& reader, std::shared_ptr<const LoadedCalibration> calibration);

  // Asks the peer for its moments, and has `fetch` accept cards of its model from now on. Throws UsageError
  // or Failure: there is no calibration, or the tokenizers differ.
  void meet(const HostPort& peer, FetchOptions& fetch);

  [[nodiscard]] const DecodeOptions& decoding() const { return decoding_; }
  // The peer's cache as this model would have it.
  [[nodiscard]] Result<KvCache> as_ours(KvCache theirs) const;

 private:
  const Reader& reader_;
  DecodeOptions decoding_;
  ModelMoments ours_;
  std::optional<ModelMoments> theirs_;
};

}  // namespace kvferry
