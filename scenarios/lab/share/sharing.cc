// SPDX-License-Identifier: MIT
#include "scenarios/lab/share/sharing.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <numeric>

#include "codec/decoder.h"
#include "codec/merge.h"
#include "model/templates.h"

namespace kvferry {
namespace {

double thread_s() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Adds the processor time of its life.
class Timed {
 public:
  explicit Timed(Work& work) : work_(work) {}
  ~Timed() { work_.processor_s += thread_s() - begun_; }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  Work& work_;
  double begun_ = thread_s();
};

size_t share_of(size_t rows, double share) {
  return std::min(rows, static_cast<size_t>(std::llround(share * static_cast<double>(rows))));
}

// Ascending rows of the highest scores; equal ones: the earlier.
std::vector<uint32_t> best_rows(const std::vector<float>& scores, size_t count) {
  std::vector<uint32_t> rows(scores.size());
  std::iota(rows.begin(), rows.end(), 0U);
  std::ranges::stable_sort(rows, [&](uint32_t a, uint32_t b) { return scores[a] > scores[b]; });
  rows.resize(count);
  std::ranges::sort(rows);
  return rows;
}

}  // namespace

Work& Work::operator+=(const Work& other) {
  flops += other.flops;
  processor_s += other.processor_s;
  return *this;
}

// What everybody has, decoded.
struct Sharing::Base {
  std::shared_ptr<const Card> card;
  std::optional<KvCache> cache;
};

double Sharing::flops(double tokens, double before) const {
  return tokens * reader_.config().flops_per_token(before + tokens / 2);
}

Result<Card> Sharing::make(const AskedDocument& document, const std::string& select,
                           const std::vector<int64_t>& question, std::shared_ptr<const Card> base) const {
  auto preset = parse_preset("select=" + select + " | " + coding_);
  if (!preset) return preset.error();
  CardOrder order;
  order.preset = std::move(*preset);
  order.document = document.text;
  order.question = question;
  order.calibration = calibration_;
  order.base = std::move(base);
  return make_card(reader_, document.full, order);
}

Result<Sharing::Base> Sharing::make_base(const AskedDocument& document, const Strategy& strategy,
                                         SharedDocument& out) const {
  const double tokens = document.full.token_count();
  Base base;
  if (strategy.way == SharingWay::kText) return base;
  out.source.flops += flops(tokens, 0);
  {
    const Timed timed(out.source);
    if (auto read = reader_.prefill(document.text); !read) return read.error();
  }
  if (strategy.way == SharingWay::kOwn) return base;
  std::string select = "full";
  if (strategy.has_base()) {
    select = "templates:" + std::to_string(strategy.base);
    for (const auto& question : question_templates(document.text))
      out.source.flops += flops(static_cast<double>(reader_.question_tokens(question).size()), tokens);
  }
  {
    const Timed timed(out.source);
    auto card = make(document, select, {}, nullptr);
    if (!card) return card.error();
    out.card = std::make_shared<const Card>(std::move(*card));
  }
  out.shared_bytes = out.card->file_bytes();
  auto decoded = decode(*out.card, {.calibration = calibration_});
  if (!decoded) return decoded.error();
  base.cache = std::move(*decoded);
  out.shared_cache_bytes = base.cache->bytes_fp16();
  base.card = out.card;
  return base;
}

Result<KvCache> Sharing::read_text(const AskedDocument& document, AgentShare& agent) const {
  agent.own_bytes = document.text.size();
  agent.agent.flops += flops(document.full.token_count(), 0);
  const Timed timed(agent.agent);
  auto cache = reader_.prefill(document.text);
  if (cache) agent.own_cache_bytes = cache->bytes_fp16();
  return cache;
}

// The source weighs all rows by the question; the agent puts what comes beside what it has.
Result<KvCache> Sharing::fetch_own_rows(const AskedDocument& document, size_t question, double share,
                                        const Base& base, AgentShare& agent) const {
  const auto tokens = reader_.question_tokens(document.questions[question].text);
  agent.source.flops += flops(static_cast<double>(tokens.size()), document.full.token_count());
  {
    const Timed timed(agent.source);
    auto card = make(document, "q2c:" + std::to_string(share), tokens, base.card);
    if (!card) return card.error();
    agent.card = std::make_shared<const Card>(std::move(*card));
  }
  agent.own_bytes = agent.card->file_bytes();
  const Timed timed(agent.agent);
  auto own = decode(*agent.card, {.calibration = calibration_});
  if (!own) return own;
  agent.own_cache_bytes = own->bytes_fp16();
  return base.cache ? merge(*base.cache, *own) : own;
}

// The agent weighs what it has by its own question.
Result<Reading> Sharing::hide(const AskedDocument& document, size_t question, double share, const Base& base,
                              AgentShare& agent) const {
  const auto tokens = reader_.question_tokens(document.questions[question].text);
  const auto rows = base.cache->rows(0);
  agent.agent.flops += flops(static_cast<double>(tokens.size()), static_cast<double>(rows));
  const Timed timed(agent.agent);
  const auto scores = reader_.question_attention(*base.cache, tokens);
  if (!scores) return scores.error();
  std::vector<uint32_t> all(rows);
  std::iota(all.begin(), all.end(), 0U);
  const auto seen = best_rows(*scores, share_of(rows, share));
  Reading reading;
  std::ranges::set_difference(all, seen, std::back_inserter(reading.hidden));
  return reading;
}

Result<void> Sharing::answer(const AskedDocument& document, size_t question, const KvCache& cache,
                             const Reading& reading, AgentShare& agent) const {
  const auto& asked = document.questions[question];
  const auto fidelity = reader_.compare(document.references[question], cache, asked.text, reading);
  if (!fidelity) return fidelity.error();
  agent.fidelity = *fidelity;
  const Timed timed(agent.agent);
  auto answer = reader_.answer(cache, asked.text, reading);
  if (!answer) return answer.error();
  const auto tokens = reader_.question_tokens(asked.text).size() + answer->tokens.size();
  agent.agent.flops += flops(static_cast<double>(tokens), static_cast<double>(cache.rows(0)));
  agent.answer = std::move(answer->text);
  agent.score = score_answer(agent.answer, asked.answer);
  return {};
}

Result<AgentShare> Sharing::serve(const AskedDocument& document, size_t question, const Strategy& strategy,
                                  const Base& base) const {
  AgentShare agent;
  Reading reading;
  std::optional<KvCache> own;
  if (strategy.way == SharingWay::kMask) {
    auto hidden = hide(document, question, strategy.task, base, agent);
    if (!hidden) return hidden.error();
    reading = std::move(*hidden);
  } else if (strategy.is_per_agent()) {
    auto cache = strategy.way == SharingWay::kText
                     ? read_text(document, agent)
                     : fetch_own_rows(document, question, strategy.task, base, agent);
    if (!cache) return cache.error();
    own = std::move(*cache);
  }
  if (auto done = answer(document, question, own ? *own : *base.cache, reading, agent); !done)
    return done.error();
  return agent;
}

Result<SharedDocument> Sharing::share(const AskedDocument& document, const Strategy& strategy) const {
  SharedDocument out;
  const auto base = make_base(document, strategy, out);
  if (!base) return base.error();
  for (size_t question = 0; question < document.questions.size(); ++question) {
    auto agent = serve(document, question, strategy, *base);
    if (!agent) return agent.error();
    out.agents.push_back(std::move(*agent));
  }
  return out;
}

}  // namespace kvferry
