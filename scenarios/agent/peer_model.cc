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
    : reader_(reader) {
  decoding_.calibration = std::move(calibration);
}

void PeerModel::meet(const HostPort& peer, FetchOptions& fetch) {
  if (!decoding_.calibration)
    throw UsageError("--calibrate: no calibration beside this model, expected one with --calibration");
  Hello& hello = fetch.connection.hello;
  hello.features |= kFeatureCalibration;
  hello.codecs.push_back(static_cast<std::uint32_t>(CodecId::kMoments));
  Known theirs = fetch_moments(peer, fetch);
  if (theirs.model.tokenizer != reader_.identity().tokenizer)
    throw Failure("--calibrate: the peer's model has another tokenizer, expected this model's");
  if (theirs.model == reader_.identity()) return;
  ours_ = decoding_.calibration->calibration.moments();
  theirs_ = std::move(theirs.moments);
  const auto shipped = value_or_fail(find_data("model/checkpoints"));
  decoding_.calibration = value_or_fail(find_calibration_of(theirs.model.weights, shipped));
}

Result<KvCache> PeerModel::as_ours(KvCache theirs) const {
  if (!theirs_) return theirs;
  return match_moments(theirs, *theirs_, ours_);
}

}  // namespace kvferry
