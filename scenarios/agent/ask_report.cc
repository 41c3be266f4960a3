// SPDX-License-Identifier: MIT
#include "scenarios/agent/ask_report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "scenarios/report.h"

namespace kvferry {
namespace {

using Json = nlohmann::ordered_json;

Duration first_token_time(const Asked& asked, const Arrival& arrival) {
  const Duration here = asked.answer.inject + asked.answer.first_token;
  return asked.fetched ? arrival.report.connect + arrival.transfer() + arrival.decode + here : here;
}

std::string used_text(const Used& used) {
  std::string text = std::to_string(used.chunks) + " of " + std::to_string(used.of_chunks) + " chunks, " +
                     bytes_text(used.payload_bytes) + " of " + bytes_text(used.of_payload_bytes);
  if (used.is_all() || !used.worth) return text;
  return text + "; " + std::to_string(used.in_order) + " in order: top-1 at least " +
         number_text(used.worth->top1) + ", KL at most " + number_text(used.worth->kl) +
         " nats by the card's curve";
}

Json used_json(const Used& used) {
  Json json = {{"chunks", used.chunks},
               {"of_chunks", used.of_chunks},
               {"payload_bytes", used.payload_bytes},
               {"of_payload_bytes", used.of_payload_bytes},
               {"in_order", used.in_order}};
  if (used.worth)
    json["worth"] = {{"chunks", used.worth->chunks}, {"kld", used.worth->kl}, {"top1", used.worth->top1}};
  return json;
}

void print_card_words(const Arrival& arrival) {
  std::printf("card   %s (%s)\n", arrival.card().digest().hex().c_str(), arrival.manifest().preset.c_str());
  std::printf("ratio  %s: FP16 cache of %s in a card of %s\n", number_text(arrival.ratio()).c_str(),
              bytes_text(arrival.manifest().raw_bytes).c_str(),
              bytes_text(arrival.card().file_bytes()).c_str());
  if (!arrival.used.is_all()) std::printf("used   %s\n", used_text(arrival.used).c_str());
  std::printf("wire   %s\n", wire_text(on_the_wire(arrival.report.ledger)).c_str());
}

void print_text_words(const TextCost& text) {
  const auto bytes = [](double count) { return bytes_text(static_cast<std::uint64_t>(count)); };
  const std::string rate =
      text.rate_bytes_per_s ? "at the card's " + bytes(*text.rate_bytes_per_s) + "/s" : "of a round trip";
  std::printf(
      "text   instead of the cache: prefill of %s %s (measured), about %s of text in %s %s (estimated): "
      "first "
      "token after %s\n",
      count_text(text.tokens, "token").c_str(), duration_text(text.prefill).c_str(),
      bytes(text.text_bytes).c_str(), duration_text(text.transfer).c_str(), rate.c_str(),
      duration_text(text.first_token).c_str());
}

Json text_json(const TextCost& text) {
  return {{"bytes", text.text_bytes},
          {"rate_bytes_per_s", text.rate_bytes_per_s ? Json(*text.rate_bytes_per_s) : Json()},
          {"time_s",
           {{"transfer", to_seconds(text.transfer)},
            {"prefill", to_seconds(text.prefill)},
            {"first_token", to_seconds(text.first_token)}}},
          {"measured", {"rate_bytes_per_s", "prefill"}},
          {"estimated", {"bytes", "transfer", "first_token"}}};
}

Json time_json(const Asked& asked, const Arrival& arrival) {
  Json time;
  if (asked.fetched) {
    time["connect"] = to_seconds(arrival.report.connect);
    time["transfer"] = to_seconds(arrival.transfer());
    time["decode"] = to_seconds(arrival.decode);
  }
  const Answer& answer = asked.answer;
  time["inject"] = to_seconds(answer.inject);
  time["prefill"] = to_seconds(answer.first_token);
  time["generate"] = to_seconds(answer.total - answer.inject - answer.first_token);
  time["first_token"] = to_seconds(first_token_time(asked, arrival));
  return time;
}

}  // namespace

void print_words(const Asked& asked, const Arrival& arrival) {
  const std::string first_token = duration_text(first_token_time(asked, arrival));
  const std::string inject = duration_text(asked.answer.inject);
  const std::string question = duration_text(asked.answer.first_token);
  if (!asked.fetched) {
    std::printf("time   the cache is here, inject %s, question %s: first token after %s\n", inject.c_str(),
                question.c_str(), first_token.c_str());
    return;
  }
  print_card_words(arrival);
  std::printf(
      "time   connect %s, transfer %s (encoding by the peer included), decode %s, inject %s, question %s: "
      "first token after %s\n",
      duration_text(arrival.report.connect).c_str(), duration_text(arrival.transfer()).c_str(),
      duration_text(arrival.decode).c_str(), inject.c_str(), question.c_str(), first_token.c_str());
  if (asked.text) print_text_words(*asked.text);
}

void print_json(const Asked& asked, const Arrival& arrival) {
  Json json = {{"question", asked.question},
               {"answer", asked.answer.text},
               {"fetched", asked.fetched},
               {"card", arrival.card().digest().hex()},
               {"preset", arrival.manifest().preset},
               {"tokens", arrival.manifest().token_count},
               {"kv_bytes_fp16", arrival.manifest().raw_bytes},
               {"card_bytes", arrival.card().file_bytes()},
               {"ratio", arrival.ratio()},
               {"used", used_json(arrival.used)}};
  if (asked.fetched) json["wire"] = wire_json(on_the_wire(arrival.report.ledger));
  json["clock"] = "measured";
  json["time_s"] = time_json(asked, arrival);
  if (asked.text) json["text"] = text_json(*asked.text);
  if (const auto& measured = arrival.manifest().divergence)
    json["divergence"] = {{"kld", measured->kl}, {"top1", measured->top1}};
  std::printf("%s\n", json.dump().c_str());
}

void tell_of_early_answer(bool json, const Asked& asked, const Arrival& arrival,
                          const Result<void>& answered) {
  const std::string why_not = answered ? "" : answered.error().message;
  if (json) {
    const Json line = {
        {"question", asked.question},
        {answered ? "early_answer" : "no_early_answer", answered ? asked.answer.text : why_not},
        {"used", used_json(arrival.used)}};
    std::printf("%s\n", line.dump().c_str());
  } else if (answered) {
    std::printf("early  from %s; waiting for the rest\n", used_text(arrival.used).c_str());
  } else {
    std::printf("early  no answer: %s; waiting for the rest\n", why_not.c_str());
  }
  std::fflush(stdout);
}

}  // namespace kvferry
