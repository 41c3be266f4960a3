// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-reader-times.h"

#include <ns3/simulator.h>

#include <algorithm>

namespace kvferry::sim {

using namespace ns3;

namespace {

const ns3::Time kFarewell = Seconds(1);  // for what is under way when the connections have closed
const ns3::Time kLastCall = Seconds(10);

}  // namespace

double KvReaderTime::GetGoodputMbps() const {
  if (!complete || !complete->IsStrictlyPositive()) return 0;
  return static_cast<double>(payloadBytes) * 8e-6 / complete->GetSeconds();
}

// One reader's trace sources.
class KvReaderTimes::Record {
 public:
  Record(KvReaderTimes& all, Ptr<KvReader> reader) : m_all(all) {
    TimeValue start;
    reader->GetAttribute("StartTime", start);
    m_start = start.Get();
    reader->TraceConnectWithoutContext("Connected", MakeCallback(&Record::HandleConnected, this));
    reader->TraceConnectWithoutContext("ManifestArrived", MakeCallback(&Record::HandleManifest, this));
    reader->TraceConnectWithoutContext("ChunkArrived", MakeCallback(&Record::HandleChunk, this));
    reader->TraceConnectWithoutContext("TransferComplete", MakeCallback(&Record::HandleComplete, this));
    reader->TraceConnectWithoutContext("Failed", MakeCallback(&Record::HandleFailed, this));
    reader->TraceConnectWithoutContext("Closed", MakeCallback(&Record::HandleClosed, this));
  }

  KvReaderTime time;

 private:
  [[nodiscard]] ns3::Time Since() const { return Simulator::Now() - m_start; }
  void HandleConnected() { time.connected = Since(); }
  void HandleManifest(uint32_t, const Digest&) {
    if (!time.manifest) time.manifest = Since();
  }
  void HandleChunk(uint32_t, uint32_t, uint64_t sizeBytes) {
    if (!time.firstChunk) time.firstChunk = Since();
    ++time.chunks;
    time.payloadBytes += sizeBytes;
  }
  void HandleComplete() {
    time.complete = Since();
    m_all.HandleEnded();
  }
  void HandleFailed(const std::string& reason) {
    time.failure = reason;
    m_all.HandleEnded();
  }
  void HandleClosed(const std::string&) { m_all.HandleClosed(); }

  KvReaderTimes& m_all;
  ns3::Time m_start;
};

KvReaderTimes::KvReaderTimes(const std::vector<Ptr<KvReader>>& readers) {
  for (const auto& reader : readers) m_records.push_back(std::make_unique<Record>(*this, reader));
}

KvReaderTimes::~KvReaderTimes() = default;

void KvReaderTimes::HandleEnded() {
  if (++m_ended == GetN()) Simulator::Stop(kLastCall);
}

void KvReaderTimes::HandleClosed() {
  if (++m_closed == GetN()) Simulator::Stop(kFarewell);
}

size_t KvReaderTimes::GetN() const { return m_records.size(); }

const KvReaderTime& KvReaderTimes::Get(size_t reader) const { return m_records.at(reader)->time; }

size_t KvReaderTimes::CountComplete() const {
  const auto complete = [](const auto& record) { return record->time.complete.has_value(); };
  return static_cast<size_t>(std::count_if(m_records.begin(), m_records.end(), complete));
}

std::optional<ns3::Time> KvReaderTimes::GetMean() const {
  ns3::Time sum;
  int64_t count = 0;
  for (const auto& record : m_records) {
    if (!record->time.complete) continue;
    sum += *record->time.complete;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / count;
}

std::optional<ns3::Time> KvReaderTimes::GetLast() const {
  std::optional<ns3::Time> last;
  for (const auto& record : m_records) last = std::max(last, record->time.complete);
  return last;
}

double KvReaderTimes::GetFairness() const {
  double sum = 0, squares = 0;
  for (const auto& record : m_records) {
    const auto goodput = record->time.GetGoodputMbps();
    sum += goodput;
    squares += goodput * goodput;
  }
  return squares > 0 ? sum * sum / (static_cast<double>(GetN()) * squares) : 0;
}

KvTable KvReaderTimes::MakeTable(const std::string& name, const std::vector<std::string>& labels) const {
  KvTable table({name, "connected, s", "manifest, s", "first chunk, s", "complete, s", "payload, B",
                 "goodput, Mbit/s", "result"});
  for (size_t i = 0; i < GetN(); ++i) {
    const auto& time = Get(i);
    const auto result = time.complete ? "whole" : time.failure.empty() ? "not complete" : time.failure;
    table.AddRow({i < labels.size() ? labels[i] : std::to_string(i), KvTable::Number(time.connected),
                  KvTable::Number(time.manifest), KvTable::Number(time.firstChunk),
                  KvTable::Number(time.complete), std::to_string(time.payloadBytes),
                  KvTable::Number(time.GetGoodputMbps(), 2), result});
  }
  return table;
}

}  // namespace kvferry::sim
