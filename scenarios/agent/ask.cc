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
#include "scenarios/program.h"
#include "scenarios/report.h"
#include "transport/fetch.h"

namespace kvferry {
namespace {

// How much of a card an answer is given from.
struct Used {
  std::uint64_t chunks = 0, of_chunks = 0;
  std::uint64_t payload_bytes = 0, of_payload_bytes = 0;
  std::uint32_t in_order = 0;         // chunks from the table's beginning
  std::optional<QualityPoint> worth;  // what those are by the card's curve
  [[nodiscard]] bool is_all() const { return chunks == of_chunks; }
};

// A card that came, or what has come of it, decoded, and what that took.
struct Arrival {
  CardSink sink;
  KvCache cache;
  Used used;
  FetchReport report;
  Duration decode{};
  Answer answer;
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
  if (options.deadline_s) {
    fetch.freeze_after =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*options.deadline_s));
    if (!options.refine) fetch.request.deadline = fetch.freeze_after;
  }
  fetch.request.byte_budget = options.budget;
  fetch.accept_part = options.deadline_s || options.budget;
  return fetch;
}

Used used_of(const Card& card) {
  Used used;
  used.of_chunks = card.chunks.size();
  used.of_payload_bytes = card.manifest.payload_bytes();
  for (std::uint32_t i = 0; i < card.chunks.size(); ++i) {
    if (card.chunks[i].size() == 0) continue;
    if (used.in_order == i) ++used.in_order;
    ++used.chunks;
    used.payload_bytes += card.chunks[i].size();
  }
  used.worth = card.manifest.curve.at(used.in_order);
  return used;
}

Result<void> check_quality(const AgentAskOptions& options, const Arrival& arrival) {
  const Manifest& manifest = arrival.sink.card().manifest;
  const QualityFloor floor{options.max_kl, options.min_top1};
  if (arrival.used.is_all()) return check_floor(manifest.divergence, floor);
  return check_part(manifest.curve, arrival.used.in_order, floor);
}

// The cache of the chunks that are here; the sink has verified them.
Result<void> decode_what_is_here(Arrival& arrival, const DecodeOptions& decoding) {
  const Time begun = steady_now();
  const Card& card = arrival.sink.card();
  auto cache = decode_beginning(card, static_cast<std::uint32_t>(card.chunks.size()), decoding);
  if (!cache) return cache.error();
  arrival.cache = std::move(*cache);
  arrival.decode = steady_now() - begun;
  return {};
}

// Decodes what is here, and answers from it if it is good enough.
Result<void> answer_from_what_is_here(const AgentAskOptions& options, const Reader& reader,
                                      const DecodeOptions& decoding, Arrival& arrival) {
  arrival.used = used_of(arrival.sink.card());
  if (auto enough = check_quality(options, arrival); !enough) return enough;
  if (auto decoded = decode_what_is_here(arrival, decoding); !decoded) return decoded;
  auto answer =
      reader.answer(arrival.cache, options.question, {.summary = arrival.sink.card().manifest.summary});
  if (!answer) return answer.error();
  arrival.answer = std::move(*answer);
  if (!options.json) {
    std::printf("%s\n", arrival.answer.text.c_str());
    std::fflush(stdout);
  }
  return {};
}

Duration transfer_time(const FetchReport& report) { return report.manifest + report.chunk_data; }

Duration first_token_time(const Arrival& arrival, const Answer& answer) {
  return arrival.report.connect + transfer_time(arrival.report) + arrival.decode + answer.inject +
         answer.first_token;
}

double ratio_of(const Card& card) {
  return static_cast<double>(card.manifest.raw_bytes) / static_cast<double>(card.file_bytes());
}

std::string used_text(const Used& used) {
  std::string text = std::to_string(used.chunks) + " of " + std::to_string(used.of_chunks) + " chunks, " +
                     bytes_text(used.payload_bytes) + " of " + bytes_text(used.of_payload_bytes);
  if (used.is_all() || !used.worth) return text;
  return text + "; " + std::to_string(used.in_order) + " in order: top-1 at least " +
         number_text(used.worth->top1) + ", KL at most " + number_text(used.worth->kl) +
         " nats by the card's curve";
}

nlohmann::ordered_json used_json(const Used& used) {
  nlohmann::ordered_json json = {{"chunks", used.chunks},
                                 {"of_chunks", used.of_chunks},
                                 {"payload_bytes", used.payload_bytes},
                                 {"of_payload_bytes", used.of_payload_bytes},
                                 {"in_order", used.in_order}};
  if (used.worth)
    json["worth"] = {{"chunks", used.worth->chunks}, {"kld", used.worth->kl}, {"top1", used.worth->top1}};
  return json;
}

void print_words(const Arrival& arrival) {
  const Answer& answer = arrival.answer;
  const Card& card = arrival.sink.card();
  const FetchReport& report = arrival.report;
  std::printf("card   %s (%s)\n", card.digest().hex().c_str(), card.manifest.preset.c_str());
  std::printf("ratio  %s: FP16 cache of %s in a card of %s\n", number_text(ratio_of(card)).c_str(),
              bytes_text(card.manifest.raw_bytes).c_str(), bytes_text(card.file_bytes()).c_str());
  if (!arrival.used.is_all()) std::printf("used   %s\n", used_text(arrival.used).c_str());
  std::printf("wire   %s\n", wire_text(on_the_wire(report.ledger)).c_str());
  std::printf(
      "time   connect %s, transfer %s (encoding by the peer included), decode %s, inject %s, question %s: "
      "first token after %s\n",
      duration_text(report.connect).c_str(), duration_text(transfer_time(report)).c_str(),
      duration_text(arrival.decode).c_str(), duration_text(answer.inject).c_str(),
      duration_text(answer.first_token).c_str(), duration_text(first_token_time(arrival, answer)).c_str());
}

void print_json(const AgentAskOptions& options, const Arrival& arrival) {
  const Answer& answer = arrival.answer;
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
      {"used", used_json(arrival.used)},
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

// What the answer at the deadline was given from, or why there is none yet; a better one follows.
void tell_of_early_answer(const AgentAskOptions& options, const Arrival& arrival,
                          const Result<void>& answered) {
  const std::string why_not = answered ? "" : answered.error().message;
  if (options.json) {
    const nlohmann::ordered_json json = {
        {"question", options.question},
        {answered ? "early_answer" : "no_early_answer", answered ? arrival.answer.text : why_not},
        {"used", used_json(arrival.used)}};
    std::printf("%s\n", json.dump().c_str());
  } else if (answered) {
    std::printf("early  from %s; waiting for the rest\n", used_text(arrival.used).c_str());
  } else {
    std::printf("early  no answer: %s; waiting for the rest\n", why_not.c_str());
  }
  std::fflush(stdout);
}

// The answer is given while the card is applied: at a deadline at once, however much is still under way.
void receive(const HostPort& peer, const Security& security, const AgentAskOptions& options,
             const Reader& reader, const DecodeOptions& decoding, Arrival& arrival) {
  FetchOptions fetch = fetch_options(options, reader);
  secure(fetch, security, peer);
  prepare(fetch, options.errand);
  const auto answer = [&] { return answer_from_what_is_here(options, reader, decoding, arrival); };
  fetch.apply = answer;
  if (options.refine) fetch.look = [&] { tell_of_early_answer(options, arrival, answer()); };
  arrival.report = fetch_card(peer, fetch, arrival.sink);
  check_applied(arrival.report);
}

}  // namespace

int ask(const AgentAskOptions& options) {
  const Security security = read_security(options.security);
  const HostPort peer = value_or_usage(HostPort::parse(options.peer));
  const auto folder = value_or_fail(find_model(options.model));
  const Reader reader = value_or_fail(Reader::open(folder));
  DecodeOptions decoding;
  decoding.calibration = value_or_fail(find_calibration(options.calibration, folder));
  Arrival arrival;
  receive(peer, security, options, reader, decoding, arrival);
  if (options.json) {
    print_json(options, arrival);
  } else {
    print_words(arrival);
  }
  return kExitSuccess;
}

}  // namespace kvferry
