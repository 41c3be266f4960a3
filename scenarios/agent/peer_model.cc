// SPDX-License-Identifier: MIT
#include "scenarios/agent/peer_model.h"

#include <cstdio>
#include <utility>

#include "codec/calibration/match.h"
#include "codec/calibration/moments_card.h"
#include "model/shipped_calibration.h"
#include "scenarios/client_command.h"
#include "scenarios/data_files.h"
#include "scenarios/program.h"
#include "scenarios/report.h"

namespace kvferry {
namespace {

struct Known {
  ModelIdentity model;
  ModelMoments moments;
};

Known fetch_moments(const HostPort& peer, FetchOptions fetch) {
  CardSink sink;
  Known known;
  fetch.request.preset = kMomentsPreset;
  fetch.apply = [&]() -> Result<void> {
    auto moments = decode_moments(sink.card());
    if (!moments) return moments.error();
    known = {sink.card().manifest.model, std::move(*moments)};
    return {};
  };
  const FetchReport report = fetch_card(peer, fetch, sink);
  check_applied(report);
  std::fprintf(stderr, "kvferry-agent: the peer's moments: %s on the wire\n",
               bytes_text(on_the_wire(report.ledger).total()).c_str());
  return known;
}

}  // namespace

PeerModel::PeerModel(const Reader& reader, std::shared_ptr<const LoadedCalibration> calibration)
    : met_(reader.identity()) {
  decoding_.calibration = std::move(calibration);
}

void PeerModel::meet(const HostPort& peer, FetchOptions& fetch) {
  if (!decoding_.calibration)
    throw UsageError("--calibrate: no calibration beside this model, expected one with --calibration");
  const Calibration& ours = decoding_.calibration->calibration;
  if (ours.weights != met_.weights)
    throw UsageError("--calibrate: the calibration was measured on other weights than this model's");
  FetchOptions strange = fetch;
  Hello& hello = strange.connection.hello;
  hello.features |= kFeatureCalibration;
  hello.codecs.push_back(static_cast<std::uint32_t>(CodecId::kMoments));
  Known theirs = fetch_moments(peer, strange);
  if (theirs.model.tokenizer != met_.tokenizer)
    throw Failure("--calibrate: the peer's model has another tokenizer, expected this model's");
  if (theirs.model == met_) return;
  std::fprintf(
      stderr,
      "kvferry-agent: warning: the peer's model has other weights: calibration helps only where they "
      "are close\n");
  fetch = std::move(strange);
  met_ = theirs.model;
  ours_ = ours.moments();
  theirs_ = std::move(theirs.moments);
  // Presets that need none can do without.
  const auto shipped = find_data("model/checkpoints");
  decoding_.calibration = shipped ? find_calibration_of(met_.weights, *shipped) : nullptr;
}

Result<void> PeerModel::decode(Arrival& arrival) const {
  if (const auto difference = mismatch(met_, arrival.manifest().model))
    return Error{"the card is of another model than the peer's: " + *difference};
  return decode_what_is_here(arrival, decoding_);
}

Result<KvCache> PeerModel::as_ours(KvCache theirs) const {
  if (!theirs_) return theirs;
  return match_moments(theirs, *theirs_, ours_);
}

}  // namespace kvferry
