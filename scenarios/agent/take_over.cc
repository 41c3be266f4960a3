// SPDX-License-Identifier: MIT
#include "scenarios/agent/take_over.h"

#include <cstdio>
#include <utility>

#include "codec/preset.h"
#include "scenarios/log.h"
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

}  // namespace

TakeOver::TakeOver(const AgentServeOptions& options, const Security& security, const Reader& reader,
                   std::shared_ptr<const LoadedCalibration> calibration)
    : options_(options),
      reader_(reader),
      peer_(value_or_usage(HostPort::parse(options.from))),
      model_(reader, std::move(calibration)),
      every_fetch_(agent_fetch(reader)) {
  if (value_or_fail(parse_preset(options.preset)).is_query_aware())
    throw UsageError("--from: preset '" + options.preset + "' selects for a question, expected one for all");
  secure(every_fetch_, security, peer_);
  if (options.calibrate) model_.meet(peer_, every_fetch_);
  every_fetch_.request.document = options.name;
  every_fetch_.request.preset = options.preset;
}

// Decodes what comes, and asks what this agent wants to know.
FetchOptions TakeOver::fetch_into(std::unique_ptr<Arrival>& arrival, KvCache& cache) const {
  FetchOptions fetch = every_fetch_;
  fetch.apply = [&]() -> Result<void> {
    if (auto serves = check_serves_everybody(arrival->manifest()); !serves) return serves;
    if (auto decoded = model_.decode(*arrival); !decoded) return decoded;
    auto ours = model_.as_ours(std::move(arrival->cache));
    if (!ours) return ours.error();
    auto remembered = ask_and_remember(std::move(*ours));
    if (!remembered) return remembered.error();
    cache = std::move(*remembered);
    return {};
  };
  return fetch;
}

Result<KvCache> TakeOver::ask_and_remember(KvCache cache) const {
  for (const std::string& question : options_.questions) {
    const auto answer = reader_.answer(cache, question);
    if (!answer) return answer.error();
    auto remembered = reader_.remember(cache, question, *answer);
    if (!remembered) return remembered.error();
    cache = std::move(*remembered);
    std::printf("answer %s\n", answer->text.c_str());
    std::fflush(stdout);
  }
  return cache;
}

KvCache TakeOver::take() {
  auto arrival = std::make_unique<Arrival>();
  KvCache cache;
  const FetchOptions fetch = fetch_into(arrival, cache);
  arrival->report = fetch_card(peer_, fetch, arrival->sink);
  check_applied(arrival->report);
  std::fprintf(stderr, "kvferry-agent: took %llu tokens over from %s in %s: ratio %s, %s on the wire\n",
               static_cast<unsigned long long>(arrival->manifest().token_count), options_.from.c_str(),
               duration_text(arrival->report.connect + arrival->transfer() + arrival->decode).c_str(),
               number_text(arrival->ratio()).c_str(),
               bytes_text(on_the_wire(arrival->report.ledger).total()).c_str());
  card_ = std::make_shared<const Card>(arrival->sink.take());
  return cache;
}

std::jthread TakeOver::follow(std::function<void(KvCache)> changed) {
  return std::jthread([this, changed = std::move(changed)](std::stop_token stop) {
    try {
      run(std::move(stop), changed);
    } catch (const std::exception& error) {  // what is here is served all the same
      log(LogLevel::kWarning, "follows no more", {{"why", error.what()}});
    }
  });
}

void TakeOver::run(std::stop_token stop, const std::function<void(KvCache)>& changed) {
  std::unique_ptr<Arrival> arrival;
  KvCache cache;
  bool is_new = false;
  const auto expect_next = [&] {
    arrival = std::make_unique<Arrival>();
    arrival->sink.use_base(card_);
    return &arrival->sink;
  };
  FetchOptions fetch = fetch_into(arrival, cache);
  fetch.obey_signals = false;  // they are for who serves, and stops this
  fetch.stop = std::move(stop);
  fetch.request.bases = DigestList({card_->digest()});
  // The first is the one that is here, or newer: what it shares with that does not travel again. One that
  // cannot be used is passed over.
  fetch.apply = [&, use = std::move(fetch.apply)]() -> Result<void> {
    is_new = arrival->card().digest() != card_->digest();
    if (!is_new) return {};
    if (auto used = use(); !used) {
      log(LogLevel::kWarning, "unchanged", {{"why", used.error().message}});
      is_new = false;
    }
    return {};
  };
  fetch.next = [&](const FetchReport&) {
    card_ = std::make_shared<const Card>(arrival->sink.take());
    if (is_new) changed(std::exchange(cache, {}));
    return expect_next();
  };
  const FetchReport report = fetch_card(peer_, fetch, *expect_next());
  if (report.status != ClientStatus::kInterrupted) throw Failure(report.message);
}

}  // namespace kvferry
