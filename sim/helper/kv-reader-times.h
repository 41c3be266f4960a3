// SPDX-License-Identifier: GPL-2.0-only
//
// When what came to each of some readers, and the end of the simulation once all
// of them are done: one second after their connections have closed, or ten after
// the last card where one does not close. What else is going on, a radio or cross
// traffic, would go on for ever.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/helper/kv-table.h"
#include "sim/model/kv-reader.h"

namespace kvferry::sim {

// Since the reader's start.
struct KvReaderTime {
  std::optional<ns3::Time> connected, manifest, firstChunk, complete;
  uint64_t chunks = 0;
  uint64_t payloadBytes = 0;
  std::string failure;  // empty: none

  [[nodiscard]] double GetGoodputMbps() const;  // payload until the card was complete; 0: it was not
};

// Must outlive the simulation run.
class KvReaderTimes {
 public:
  // Of readers that have not started.
  explicit KvReaderTimes(const std::vector<ns3::Ptr<KvReader>>& readers);
  ~KvReaderTimes();
  KvReaderTimes(const KvReaderTimes&) = delete;
  KvReaderTimes& operator=(const KvReaderTimes&) = delete;

  [[nodiscard]] size_t GetN() const;
  [[nodiscard]] const KvReaderTime& Get(size_t reader) const;
  [[nodiscard]] size_t CountComplete() const;
  [[nodiscard]] bool AreAllComplete() const { return CountComplete() == GetN(); }
  // Of those that are complete; nothing: none is.
  [[nodiscard]] std::optional<ns3::Time> GetMean() const;
  [[nodiscard]] std::optional<ns3::Time> GetLast() const;
  // Jain's index of the goodput: 1 where all have the same, 1/N where one has everything; 0: nobody has any.
  [[nodiscard]] double GetFairness() const;

  // A row for each reader. labels: what the first column says; without, the readers' numbers from 0.
  [[nodiscard]] KvTable MakeTable(const std::string& name = "reader",
                                  const std::vector<std::string>& labels = {}) const;

 private:
  class Record;

  void HandleEnded();
  void HandleClosed();

  std::vector<std::unique_ptr<Record>> m_records;
  size_t m_ended = 0;
  size_t m_closed = 0;
};

}  // namespace kvferry::sim
