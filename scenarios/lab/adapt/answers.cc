// SPDX-License-Identifier: MIT
#include "scenarios/lab/adapt/answers.h"

#include <algorithm>

#include "codec/decoder.h"
#include "model/score.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/parallel.h"
#include "scenarios/lab/progress.h"

namespace kvferry {
namespace {

constexpr double kCutStep = 1.09;

}  // namespace

BundleAnswers::BundleAnswers(const Reader& reader, const Bundle& bundle)
    : reader_(reader),
      bundle_(bundle),
      cuts_(cuts_of(bundle.progressive, kCutStep)),
      full_f1_(bundle.documents.size()) {}

Beginning BundleAnswers::of_bundle(uint32_t chunks) const {
  const auto above = std::upper_bound(cuts_.begin(), cuts_.end(), chunks);
  return {std::nullopt, 0, above == cuts_.begin() ? 0 : *std::prev(above)};
}

double BundleAnswers::full_f1() const {
  double sum = 0;
  for (const double f1 : full_f1_) sum += f1;
  return sum / static_cast<double>(full_f1_.size());
}

Worth BundleAnswers::of(const Beginning& beginning) const {
  return beginning.chunks == 0 ? Worth{} : known_.at(beginning);
}

Result<double> BundleAnswers::ask(const KvCache& cache, size_t document) const {
  double sum = 0;
  const auto& questions = bundle_.documents[document].questions;
  for (const auto& question : questions) {
    const auto answer = reader_.answer(cache, question.text);
    if (!answer) return answer.error();
    sum += score_answer(answer->text, question.answer).f1;
  }
  return sum / static_cast<double>(questions.size());
}

Result<Worth> BundleAnswers::measure_one(const Beginning& beginning) const {
  const auto& card = beginning.document ? bundle_.documents[*beginning.document].levels[beginning.level]
                                        : bundle_.progressive;
  const auto decoded =
      decode_beginning(card, beginning.chunks, {.limits = {}, .calibration = bundle_.calibration});
  if (!decoded) return Worth{};  // tables alone, say: no row is there
  if (beginning.document) {
    const auto f1 = ask(*decoded, *beginning.document);
    if (!f1) return f1.error();
    return Worth{*f1, 1};
  }
  Worth worth;
  const auto n = static_cast<double>(bundle_.documents.size());
  for (size_t d = 0; d < bundle_.documents.size(); ++d) {
    const auto part = bundle_.part(*decoded, d);
    if (!part) continue;
    const auto f1 = ask(*part, d);
    if (!f1) return f1.error();
    worth.f1 += *f1 / n;
    worth.answerable += 1 / n;
  }
  return worth;
}

Result<void> BundleAnswers::measure(const std::set<Beginning>& beginnings, int jobs) {
  std::vector<Beginning> open;
  for (const auto& beginning : beginnings) {
    if (beginning.chunks > 0 && !known_.contains(beginning)) open.push_back(beginning);
  }
  std::vector<Worth> worths(open.size());
  Progress progress("answer from beginnings of cards", open.size());
  const auto done = for_each_index(open.size(), jobs, [&](size_t i) -> Result<void> {
    use_one_thread();
    const auto worth = measure_one(open[i]);
    if (!worth) return worth.error();
    worths[i] = *worth;
    progress.step();
    return {};
  });
  if (!done) return done;
  for (size_t i = 0; i < open.size(); ++i) known_[open[i]] = worths[i];
  return {};
}

Result<void> BundleAnswers::measure_full(int jobs) {
  return for_each_index(bundle_.documents.size(), jobs, [&](size_t d) -> Result<void> {
    use_one_thread();
    const auto f1 = ask(bundle_.documents[d].full, d);
    if (!f1) return f1.error();
    full_f1_[d] = *f1;
    return {};
  });
}

}  // namespace kvferry
