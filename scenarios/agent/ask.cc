// SPDX-License-Identifier: MIT
//
// kvferry-agent ask: gets a document's cache from a peer and answers from it.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "codec/decoder.h"
#include "codec/preset.h"
#include "model/quality.h"
#include "model/reader.h"
#include "model/shipped_calibration.h"
#include "scenarios/agent/commands.h"
#include "scenarios/data_files.h"
#include "scenarios/insecure.h"
#include "scenarios/report.h"
#include "transport/fetch.h"

namespace kvferry {
namespace {

// A card that came, decoded, and what that took.
struct Arrival {
  CardSink sink;
  KvCache cache;
  FetchReport report;
  Duration decode{};
};

FetchOptions fetch_options(const AgentAskOptions& options, const Reader& reader) {
  FetchOptions fetch;
  fetch.request.document = options.document;
  fetch.request.preset = options.preset;
  if (!options.preset.empty() && value_or_fail(parse_preset(options.preset)).is_query_aware()) {
    const auto tokens = reader.question_tokens(options.question);
    fetch.request.question_tokens.assign(tokens.begin(), tokens.end());
  }
  fetch.connection.hello.agent = "kvferry-agent/" KVFERRY_VERSION;
  fetch.connection.hello.model = reader.identity();
  fetch.connection.hello.codecs = {static_cast<std::uint32_t>(CodecId::kPipeline),
                                   static_cast<std::uint32_t>(CodecId::kPlanes)};
  // The peer reads and encodes before anything comes.
  fetch.connection.progress_timeout = std::chrono::seconds(60);
  fetch.obey_signals = true;
  return fetch;
}

// Uses a card only if it is good enough.
void receive(const HostPort& peer, FetchOptions fetch, const DecodeOptions& decoding,
             const QualityFloor& floor, Arrival& arrival) {
  fetch.apply = [&arrival, decoding, floor]() -> Result<void> {
    const auto& measured = arrival.sink.card().manifest.divergence;
    if (auto enough = check_floor(measured, floor); !enough) return enough;
    const Time begun = steady_now();
    auto cache = decode(arrival.sink.card(), decoding);
    if (!cache) return cache.error();
    arrival.cache = std::move(*cache);
    arrival.decode = steady_now() - begun;
    return {};
  };
  arrival.report = fetch_card(peer, fetch, arrival.sink);
  if (arrival.report.status != FetchStatus::kApplied) throw Failure(arrival.report.message);
}

Duration transfer_time(const FetchReport& report) { return report.manifest + report.chunk_data; }

Duration first_token_time(const Arrival& arrival, const Answer& answer) {
  return arrival.report.connect + transfer_time(arrival.report) + arrival.decode + answer.inject +
         answer.first_token;
}

double ratio_of(const Card& card) {
  return static_cast<double>(card.manifest.raw_bytes) / static_cast<double>(card.file_bytes());
}

void print_words(const Arrival& arrival, const Answer& answer) {
  const Card& card = arrival.sink.card();
  const FetchReport& report = arrival.report;
  std::printf("%s\n", answer.text.c_str());
  std::printf("card   %s (%s)\n", card.digest().hex().c_str(), card.manifest.preset.c_str());
  std::printf("ratio  %s: FP16 cache of %s in a card of %s\n", number_text(ratio_of(card)).c_str(),
              bytes_text(card.manifest.raw_bytes).c_str(), bytes_text(card.file_bytes()).c_str());
  std::printf("wire   %s\n", wire_text(on_the_wire(report.ledger)).c_str());
  std::printf(
      "time   connect %s, transfer %s (encoding by the peer included), decode %s, inject %s, question %s: "
      "first token after %s\n",
      duration_text(report.connect).c_str(), duration_text(transfer_time(report)).c_str(),
      duration_text(arrival.decode).c_str(), duration_text(answer.inject).c_str(),
      duration_text(answer.first_token).c_str(), duration_text(first_token_time(arrival, answer)).c_str());
}

void print_json(const AgentAskOptions& options, const Arrival& arrival, const Answer& answer) {
  const Card& card = arrival.sink.card();
  const FetchReport& report = arrival.report;
  nlohmann::ordered_json json = {
      {"question", options.question},
      {"answer", answer.text},
      {"card", card.digest().hex()},
      {"preset", card.manifest.preset},
      {"tokens", card.manifest.token_count},
      {"kv_bytes_fp16", card.manifest.raw_bytes},
      {"card_bytes", card.file_bytes()},
      {"ratio", ratio_of(card)},
      {"wire", wire_json(on_the_wire(report.ledger))},
      {"clock", "measured"},
      {"time_s",
       {{"connect", to_seconds(report.connect)},
        {"transfer", to_seconds(transfer_time(report))},
        {"decode", to_seconds(arrival.decode)},
        {"inject", to_seconds(answer.inject)},
        {"prefill", to_seconds(answer.first_token)},
        {"generate", to_seconds(answer.total - answer.inject - answer.first_token)},
        {"first_token", to_seconds(first_token_time(arrival, answer))}}}};
  if (const auto& measured = card.manifest.divergence) {
    json["divergence"] = {{"kld", measured->kl}, {"top1", measured->top1}};
  }
  std::printf("%s\n", json.dump().c_str());
}

}  // namespace

int ask(const AgentAskOptions& options) {
  require_insecure(options.insecure);
  const HostPort peer = value_or_usage(HostPort::parse(options.peer));
  const auto folder = value_or_fail(find_model(options.model));
  const Reader reader = value_or_fail(Reader::open(folder));
  Arrival arrival;
  DecodeOptions decoding;
  decoding.calibration = value_or_fail(find_calibration(options.calibration, folder));
  receive(peer, fetch_options(options, reader), decoding, {options.max_kl, options.min_top1}, arrival);
  const Answer answer = value_or_fail(
      reader.answer(arrival.cache, options.question, {.summary = arrival.sink.card().manifest.summary}));
  if (options.json) {
    print_json(options, arrival, answer);
  } else {
    print_words(arrival, answer);
  }
  return kExitSuccess;
}

}  // namespace kvferry
