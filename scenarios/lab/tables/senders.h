// SPDX-License-Identifier: MIT
//
// Other models whose caches a receiver may be given, and what calibration between the two needs: Q-KVComm's
// cross-model case.
#pragma once

#include <compare>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "model/reader.h"
#include "scenarios/lab/tables/calibrations.h"

namespace kvferry {

// A model, or a copy of it whose every weight tensor got Gaussian noise of `noise` times its own deviation.
struct SenderKey {
  std::string model;  // a shipped name or a folder
  double noise = 0;
  auto operator<=>(const SenderKey&) const = default;
};

struct Sender {
  Reader reader;
  ModelMoments moments;
  double own_f1 = 0;  // of its answers from its own full caches
};

// What one receiver can be sent, on one question set.
class Senders {
 public:
  // Noisy copies are written into `folder`.
  Senders(const Reader& receiver, const QuestionSet& set, std::filesystem::path folder, uint64_t seed);

  // Opens these models, measures their moments on documents of their own, and lets them answer `documents`.
  [[nodiscard]] Result<void> prepare(std::span<const SenderKey> keys, const std::vector<Document>& documents,
                                     int jobs);

  // Was prepared.
  [[nodiscard]] const Sender& at(const SenderKey& key) const { return senders_.at(key); }

  // The sender's cache of this text in the receiver's shape. Thread-safe after prepare().
  [[nodiscard]] Result<KvCache> fetch(const SenderKey& key, const std::string& text, bool calibrated) const;

 private:
  [[nodiscard]] Result<Reader> open(const SenderKey& key) const;

  const Reader& receiver_;
  QuestionSet set_;
  std::filesystem::path folder_;
  uint64_t seed_;
  ModelMoments receiver_moments_;
  std::map<SenderKey, Sender> senders_;
};

}  // namespace kvferry
