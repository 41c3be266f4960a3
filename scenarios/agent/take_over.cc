// SPDX-License-Identifier: MIT
#include "scenarios/agent/take_over.h"

#include <cstdio>

#include "codec/preset.h"
#include "scenarios/agent/arrival.h"
#include "scenarios/program.h"
#include "scenarios/report.h"

namespace kvferry {
namespace {

// What is left out of the cache, for one question or because a summary tells it, would be lost to others.
Result<void> check_serves_everybody(const Manifest& manifest) {
  if (manifest.query_aware) return Error{"the card serves one question, expected one that can be handed on"};
  if (!manifest.summary.empty())
    return Error{"the card comes with a summary in words, expected one that can be handed on"};
  return {};
}

void fetch(const AgentServeOptions& options, const Security& security, const Reader& reader,
           const DecodeOptions& decoding, Arrival& arrival) {
  const HostPort peer = value_or_usage(HostPort::parse(options.from));
  FetchOptions fetch = agent_fetch(reader);
  fetch.request.document = options.name;
  fetch.request.preset = options.preset;
  secure(fetch, security, peer);
  fetch.apply = [&]() -> Result<void> {
    if (auto serves = check_serves_everybody(arrival.manifest()); !serves) return serves;
    return decode_what_is_here(arrival, decoding);
  };
  arrival.report = fetch_card(peer, fetch, arrival.sink);
  check_applied(arrival.report);
}

}  // namespace

KvCache take_over(const AgentServeOptions& options, const Security& security, const Reader& reader,
                  const std::shared_ptr<const LoadedCalibration>& calibration) {
  if (value_or_fail(parse_preset(options.preset)).is_query_aware())
    throw UsageError("--from: preset '" + options.preset + "' selects for a question, expected one for all");
  DecodeOptions decoding;
  decoding.calibration = calibration;
  Arrival arrival;
  fetch(options, security, reader, decoding, arrival);
  std::fprintf(stderr, "kvferry-agent: took %u tokens over from %s in %s: ratio %s, %s on the wire\n",
               arrival.cache.token_count(), options.from.c_str(),
               duration_text(arrival.report.connect + arrival.transfer() + arrival.decode).c_str(),
               number_text(arrival.ratio()).c_str(),
               bytes_text(on_the_wire(arrival.report.ledger).total()).c_str());
  KvCache cache = std::move(arrival.cache);
  for (const std::string& question : options.questions) {
    const Answer answer = value_or_fail(reader.answer(cache, question));
    cache = value_or_fail(reader.remember(cache, question, answer));
    std::printf("answer %s\n", answer.text.c_str());
  }
  return cache;
}

}  // namespace kvferry
