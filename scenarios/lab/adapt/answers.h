// SPDX-License-Identifier: MIT
//
// What beginnings of a bundle's cards are worth: every question is asked of what they decode to, each
// beginning once.
#pragma once

#include <map>
#include <set>

#include "scenarios/lab/adapt/bundle.h"

namespace kvferry {

// The first chunks of a document's card in one level, or of the progressive card of the bundle.
struct Beginning {
  std::optional<size_t> document;
  size_t level = 0;
  uint32_t chunks = 0;
  auto operator<=>(const Beginning&) const = default;
};

struct Worth {
  double f1 = 0;          // mean over the questions of the document, or of the bundle
  double answerable = 0;  // share of documents of which something is there
};

class BundleAnswers {
 public:
  BundleAnswers(const Reader& reader, const Bundle& bundle);

  // The progressive card is not cut everywhere: rounds down to the cuts that are measured. What was not
  // measured counts for nothing.
  [[nodiscard]] Beginning of_bundle(uint32_t chunks) const;
  [[nodiscard]] const std::vector<uint32_t>& cuts() const { return cuts_; }

  // Asks what has not been asked yet.
  [[nodiscard]] Result<void> measure(const std::set<Beginning>& beginnings, int jobs);
  [[nodiscard]] Worth of(const Beginning& beginning) const;  // measured before, or without chunks
  [[nodiscard]] double full_f1(size_t document) const { return full_f1_[document]; }
  [[nodiscard]] double full_f1() const;  // of the bundle
  [[nodiscard]] Result<void> measure_full(int jobs);

 private:
  [[nodiscard]] Result<double> ask(const KvCache& cache, size_t document) const;
  [[nodiscard]] Result<Worth> measure_one(const Beginning& beginning) const;

  const Reader& reader_;
  const Bundle& bundle_;
  std::vector<uint32_t> cuts_;
  std::vector<double> full_f1_;
  std::map<Beginning, Worth> known_;
};

}  // namespace kvferry
