// SPDX-License-Identifier: MIT
//
// kvferry-agent ask: gets a document's cache from a peer and answers from it, one question or many.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <memory>

#include "codec/merge.h"
#include "codec/preset.h"
#include "model/quality.h"
#include "model/shipped_calibration.h"
#include "scenarios/agent/ask_report.h"
#include "scenarios/agent/commands.h"
#include "scenarios/agent/peer_model.h"
#include "scenarios/data_files.h"
#include "scenarios/program.h"

namespace kvferry {
namespace {

// Has a model, and fetches the cache when it is asked something for which there is none.
class Asker {
 public:
  Asker(const AgentAskOptions& options, const Security& security)
      : options_(options),
        peer_(value_or_usage(HostPort::parse(options.peer))),
        folder_(value_or_fail(find_model(options.model))),
        reader_(value_or_fail(Reader::open(folder_))),
        every_fetch_(agent_fetch(reader_)),
        peer_model_(reader_, value_or_fail(find_calibration(options.calibration, folder_))) {
    secure(every_fetch_, security, peer_);
    prepare(every_fetch_, options.errand);
    if (options.calibrate) peer_model_.meet(peer_, every_fetch_);
  }

  // Prints the answer, then what it took.
  void ask(const std::string& question) {
    Asked asked{question, {}, !arrival_ || arrival_->manifest().query_aware, {}};
    if (options_.follow) return follow(asked);
    if (asked.fetched) {
      fetch(asked);
      if (auto text = text_cost(reader_, *arrival_, asked.answer)) asked.text = *text;
    } else {
      check_or_fail(answer(asked));
    }
    options_.json ? print_json(asked, *arrival_) : print_words(asked, *arrival_);
    std::fflush(stdout);
  }

 private:
  [[nodiscard]] FetchOptions fetch_options(const std::string& question) const {
    FetchOptions fetch = every_fetch_;
    fetch.request.document = options_.document;
    fetch.request.preset = options_.preset;
    if (!options_.preset.empty() && value_or_fail(parse_preset(options_.preset)).is_query_aware()) {
      const auto tokens = reader_.question_tokens(question);
      fetch.request.question_tokens.assign(tokens.begin(), tokens.end());
    }
    if (options_.deadline_s) {
      fetch.freeze_after = from_seconds(*options_.deadline_s);
      if (!options_.refine) fetch.request.deadline = fetch.freeze_after;
    }
    fetch.request.byte_budget = options_.budget;
    fetch.accept_part = options_.deadline_s || options_.budget;
    return fetch;
  }

  // What all agents have of the document: comes once.
  void fetch_base() {
    base_ = std::make_unique<Arrival>();
    FetchOptions fetch = every_fetch_;
    fetch.request.document = options_.document;
    fetch.request.preset = options_.base;
    fetch.apply = [&]() -> Result<void> {
      if (base_->manifest().query_aware)
        return Error{"--base: the card serves one question, expected one for all"};
      return peer_model_.decode(*base_);
    };
    base_->report = fetch_card(peer_, fetch, base_->sink);
    check_applied(base_->report);
  }

  // Answers anew with every card that the document has from now on.
  void follow(Asked& asked) {
    arrival_ = std::make_unique<Arrival>();
    bool answered = false;
    FetchOptions fetch = fetch_options(asked.question);
    fetch.apply = [&] { return answer_from_what_is_here(asked); };
    fetch.next = [&](const FetchReport& so_far) {
      arrival_->report = so_far;
      options_.json ? print_json(asked, *arrival_) : print_words(asked, *arrival_);
      std::fflush(stdout);
      answered = true;
      const auto before = std::make_shared<const Card>(arrival_->sink.take());
      arrival_ = std::make_unique<Arrival>();
      arrival_->sink.use_base(before);
      return &arrival_->sink;
    };
    const FetchReport report = fetch_card(peer_, fetch, arrival_->sink);
    if (!answered || report.status != ClientStatus::kInterrupted) check_applied(report);
  }

  // The answer is given while the card is applied: at a deadline at once, however much is still under way.
  void fetch(Asked& asked) {
    if (!options_.base.empty() && !base_) fetch_base();
    arrival_ = std::make_unique<Arrival>();
    FetchOptions fetch = fetch_options(asked.question);
    if (base_) fetch.request.bases = DigestList({base_->card().digest()});
    fetch.apply = [&] { return answer_from_what_is_here(asked); };
    if (options_.refine) {
      fetch.look = [&] {
        const auto answered = answer_from_what_is_here(asked);
        tell_of_early_answer(options_.json, asked, *arrival_, answered);
      };
    }
    arrival_->report = fetch_card(peer_, fetch, arrival_->sink);
    check_applied(arrival_->report);
  }

  [[nodiscard]] Result<void> answer_from_what_is_here(Asked& asked) {
    arrival_->used = used_of(arrival_->card());
    if (auto enough = check_quality(); !enough) return enough;
    if (auto decoded = peer_model_.decode(*arrival_); !decoded) return decoded;
    if (base_) {
      auto both = merge(base_->cache, arrival_->cache);
      if (!both) return both.error();
      arrival_->cache = std::move(*both);
    }
    auto ours = peer_model_.as_ours(std::move(arrival_->cache));
    if (!ours) return ours.error();
    arrival_->cache = std::move(*ours);
    return answer(asked);
  }

  [[nodiscard]] Result<void> check_quality() const {
    const Manifest& manifest = arrival_->manifest();
    const QualityFloor floor{options_.max_kl, options_.min_top1};
    if (arrival_->used.is_all()) return check_floor(manifest.divergence, floor);
    return check_part(manifest.curve, arrival_->used.in_order, floor);
  }

  // A refinement comes without one, and its base may have one.
  [[nodiscard]] const std::string& summary() const {
    const std::string& own = arrival_->manifest().summary;
    return own.empty() && base_ ? base_->manifest().summary : own;
  }

  [[nodiscard]] Result<void> answer(Asked& asked) const {
    auto answer = reader_.answer(arrival_->cache, asked.question, {.summary = summary()});
    if (!answer) return answer.error();
    asked.answer = std::move(*answer);
    if (!options_.json) std::printf("%s\n", asked.answer.text.c_str());
    std::fflush(stdout);
    return {};
  }

  const AgentAskOptions& options_;
  HostPort peer_;
  std::filesystem::path folder_;
  Reader reader_;
  FetchOptions every_fetch_;
  PeerModel peer_model_;
  std::unique_ptr<Arrival> base_;
  std::unique_ptr<Arrival> arrival_;
};

// A question a line; a prompt for people only.
bool next_question(std::string& question) {
  const bool prompt = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
  do {
    if (prompt) std::fputs("> ", stdout);
    std::fflush(stdout);
    if (!std::getline(std::cin, question)) return false;
  } while (question.find_first_not_of(" \t\r") == std::string::npos);
  return true;
}

}  // namespace

int ask(const AgentAskOptions& options) {
  if (options.follow && options.question.empty())
    throw UsageError("--follow: expected a question on the command line");
  Asker asker(options, read_security(options.security));
  if (!options.question.empty()) {
    asker.ask(options.question);
    return kExitSuccess;
  }
  std::string question;
  if (!next_question(question))
    throw UsageError("no question: expected QUESTION, or one a line on standard input");
  do {
    asker.ask(question);
  } while (next_question(question));
  return kExitSuccess;
}

}  // namespace kvferry
