// SPDX-License-Identifier: MIT
//
// kvferry-agent serve: reads a document once, or takes over what another agent has read, and answers requests
// for its cache.
#include <cstdio>
#include <filesystem>
#include <optional>

#include "model/quality.h"
#include "model/shipped_calibration.h"
#include "scenarios/agent/card_maker.h"
#include "scenarios/agent/commands.h"
#include "scenarios/agent/take_over.h"
#include "scenarios/agent/watched_document.h"
#include "scenarios/card_giver.h"
#include "scenarios/data_files.h"
#include "scenarios/log.h"
#include "scenarios/program.h"
#include "scenarios/report.h"
#include "scenarios/serving.h"

namespace kvferry {
namespace {

void warn_of_unknown_words(const Reader& reader, const std::string& path, const std::string& text) {
  const auto unknown = reader.unknown_words(text);
  if (unknown.empty()) return;
  std::fprintf(stderr, "kvferry-agent: warning: %s: %zu words are unknown to the model, the first is '%s'\n",
               path.c_str(), unknown.size(), unknown.front().c_str());
}

KvCache read(const AgentServeOptions& options, const Reader& reader, const std::string& document) {
  warn_of_unknown_words(reader, options.document, document);
  const Time begun = steady_now();
  auto cache = reader.prefill(document);
  if (!cache) throw Failure(cache.error().in(options.document));
  std::fprintf(stderr, "kvferry-agent: read %u tokens in %s, %s of FP16 cache\n", cache->token_count(),
               duration_text(steady_now() - begun).c_str(), bytes_text(cache->bytes_fp16()).c_str());
  return std::move(*cache);
}

CardOrder order_of(const AgentServeOptions& options, const std::filesystem::path& model) {
  CardOrder order;
  order.preset = value_or_fail(parse_preset(options.preset));
  order.seed = options.seed;
  order.calibration = value_or_fail(find_calibration(options.calibration, model));
  order.templates = options.questions;
  if (options.from.empty()) order.document = read_document(options.document);
  return order;
}

std::string name_of(const AgentServeOptions& options) {
  return options.name.empty() ? std::filesystem::path(options.document).stem().string() : options.name;
}

Result<std::shared_ptr<const Card>> card_for(CardMaker& maker, const RequestOptions& wanted) {
  auto card = maker.make(wanted);
  if (!card || !(*card)->manifest.divergence) return card;
  const auto preset = parse_preset((*card)->manifest.preset);
  if (!preset) return preset.error();
  if (const auto warning = low_bits_warning(*preset, *(*card)->manifest.divergence)) {
    std::fprintf(stderr, "kvferry-agent: warning: %s\n", warning->c_str());
  }
  return card;
}

// Keeps what is served as its origin has it now: a file, or another agent.
class Watch {
 public:
  Watch(const std::string& file, TakeOver* origin, CardMaker& maker, Followers& followers)
      : maker_(maker), followers_(followers) {
    if (origin != nullptr) {
      follower_ = origin->follow([this](KvCache cache) { take_over_anew(std::move(cache)); });
    } else {
      file_.emplace(file, [this](const std::string& text) { reread(text); });
    }
  }

 private:
  void reread(const std::string& text) {
    const Time begun = steady_now();
    if (auto updated = maker_.update(text); !updated) {
      log(LogLevel::kWarning, "unchanged", {{"why", updated.error().message}});
      return;
    }
    log(LogLevel::kInfo, "reread", {{"after", duration_text(steady_now() - begun)}});
    followers_.changed();
  }
  void take_over_anew(KvCache cache) {
    const std::uint32_t tokens = cache.token_count();
    maker_.update(std::move(cache));
    log(LogLevel::kInfo, "taken over anew", {{"tokens", std::to_string(tokens)}});
    followers_.changed();
  }

  CardMaker& maker_;
  Followers& followers_;
  std::optional<WatchedDocument> file_;
  std::jthread follower_;
};

}  // namespace

int serve(const AgentServeOptions& options) {
  set_up_log(options.operation);
  const Security security = read_security(options.security);
  const HostPort where = value_or_usage(HostPort::parse(options.listen));
  if (options.document.empty() == options.from.empty())
    throw UsageError("expected either --document or --from");
  const auto folder = value_or_fail(find_model(options.model));
  CardOrder order = order_of(options, folder);
  const Reader reader = value_or_fail(Reader::open(folder));
  std::optional<TakeOver> origin;
  if (!options.from.empty()) origin.emplace(options, security, reader, order.calibration);
  KvCache cache = origin ? origin->take() : read(options, reader, order.document);
  CardMaker maker(reader, name_of(options), std::move(cache), std::move(order), options.probe);
  Followers followers;
  Giving giving{as_sources([&](const RequestOptions& wanted) { return card_for(maker, wanted); }),
                [&](const Digest& digest) { return manifest_of(maker.find_made(digest)); }};
  std::optional<Watch> watch;
  if (options.watch) {
    giving.followers = &followers;
    watch.emplace(options.document, origin ? &*origin : nullptr, maker, followers);
  }
  serve_until_stopped({.program = "kvferry-agent",
                       .listen = where,
                       .model = reader.identity(),
                       .operation = options.operation,
                       .followed = options.watch},
                      security, [&] { return std::make_unique<CardGiver>(giving); });
  return kExitSuccess;
}

}  // namespace kvferry
