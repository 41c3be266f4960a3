// SPDX-License-Identifier: MIT
#include "scenarios/lab/tables/measure.h"

#include <set>

#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/parallel.h"
#include "scenarios/lab/progress.h"

namespace kvferry {
namespace {

// Greedy decoding takes the likeliest token at each step. Where the full cache's answer is exactly the gold
// one, and every likeliest token along it is the full cache's, the treated cache gives the same answer.
bool answers_as_full(const Fidelity& fidelity, const AnswerScore& full) {
  return full.exact_match == 1 && fidelity.top1_agree == fidelity.tokens;
}

Result<void> ask(const Reader& reader, const AskedDocument& document, size_t index, const Treated& treated,
                 DocumentSums& sums) {
  const auto& question = document.questions[index];
  const auto fidelity =
      reader.compare(document.references[index], treated.cache, question.text, treated.reading);
  if (!fidelity) return fidelity.error();
  AnswerScore score = document.full_scores[index];
  if (!answers_as_full(*fidelity, score)) {
    const auto answer = reader.answer(treated.cache, question.text, treated.reading);
    if (!answer) return answer.error();
    score = score_answer(answer->text, question.answer);
  }
  sums.n_questions += 1;
  sums.f1 += score.f1;
  sums.exact_match += score.exact_match;
  sums.full_f1 += document.full_scores[index].f1;
  sums.fidelity += *fidelity;
  return {};
}

Result<DocumentSums> measure_document(const Reader& reader, const Treater& treater,
                                      const AskedDocument& document, size_t index,
                                      const Treatment& treatment) {
  const auto query_aware = Treater::is_query_aware(treatment);
  if (!query_aware) return query_aware.error();
  DocumentSums sums;
  sums.full_bytes = static_cast<double>(document.full.full_bytes_fp16());
  Result<Treated> treated = Error{"no question"};
  for (size_t q = 0; q < document.questions.size(); ++q) {
    if (q == 0 || *query_aware) {
      treated = treater.treat(treatment, index, q);
      if (!treated) return treated.error();
      sums.cards += 1;
      sums.card_bytes += static_cast<double>(treated->card_bytes);
      sums.nominal += treated->nominal;
    }
    if (auto asked = ask(reader, document, q, *treated, sums); !asked) return asked.error();
  }
  return sums;
}

std::vector<double> column(const Measured& measured, double DocumentSums::*member) {
  std::vector<double> values;
  for (const auto& one : measured.documents) values.push_back(one.*member);
  return values;
}

double total(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

}  // namespace

Summary summarise(const Measured& measured, uint64_t seed) {
  const auto questions = column(measured, &DocumentSums::n_questions);
  const auto f1 = column(measured, &DocumentSums::f1);
  const auto full_f1 = column(measured, &DocumentSums::full_f1);
  const double asked = total(questions);
  const double cards = total(column(measured, &DocumentSums::cards));
  Fidelity fidelity;
  for (const auto& one : measured.documents) fidelity += one.fidelity;
  const auto tokens = static_cast<double>(fidelity.tokens);

  Summary out;
  out.n_documents = static_cast<int>(measured.documents.size());
  out.n_questions = static_cast<int>(asked);
  out.f1 = total(f1) / asked;
  out.f1_interval = bootstrap_ratio(f1, questions, seed);
  out.exact_match = total(column(measured, &DocumentSums::exact_match)) / asked;
  if (total(full_f1) > 0) {
    const auto kept = bootstrap_ratio(f1, full_f1, seed);
    out.loss = 1 - total(f1) / total(full_f1);
    out.loss_interval = {1 - kept.high, 1 - kept.low};
  }
  out.kl = fidelity.kl_sum / tokens;
  out.top1 = static_cast<double>(fidelity.top1_agree) / tokens;
  out.card_bytes = total(column(measured, &DocumentSums::card_bytes)) / cards;
  out.nominal = total(column(measured, &DocumentSums::nominal)) / cards;
  out.full_bytes = total(column(measured, &DocumentSums::full_bytes)) / out.n_documents;
  return out;
}

Result<std::map<Treatment, Measured>> measure(const Reader& reader, const Treater& treater,
                                              const std::vector<AskedDocument>& documents,
                                              const std::vector<Treatment>& treatments, int jobs) {
  const std::set<Treatment> unique(treatments.begin(), treatments.end());
  const std::vector<Treatment> all(unique.begin(), unique.end());
  std::vector<Measured> results(all.size());
  for (auto& result : results) result.documents.resize(documents.size());
  Progress progress("treat caches and ask", all.size() * documents.size());
  auto done = for_each_index(all.size() * documents.size(), jobs, [&](size_t i) -> Result<void> {
    use_one_thread();
    const auto t = i / documents.size(), d = i % documents.size();
    auto sums = measure_document(reader, treater, documents[d], d, all[t]);
    if (!sums) return sums.error().in(all[t].pipeline);
    results[t].documents[d] = *sums;
    progress.step();
    return {};
  });
  if (!done) return done.error();
  std::map<Treatment, Measured> measured;
  for (size_t t = 0; t < all.size(); ++t) measured.emplace(all[t], std::move(results[t]));
  return measured;
}

}  // namespace kvferry
