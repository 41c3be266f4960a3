// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-table.h"

#include <ns3/assert.h>

#include <algorithm>
#include <cstdio>
#include <iomanip>

namespace kvferry::sim {

void KvTable::AddRow(std::vector<std::string> cells) {
  NS_ASSERT(cells.size() == m_rows.front().size());
  m_rows.push_back(std::move(cells));
}

std::string KvTable::Number(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string KvTable::Number(const std::optional<ns3::Time>& time) {
  return time ? Number(time->GetSeconds(), 4) : "-";
}

KvTable KvTable::OfBytes(const WireBytes& bytes) {
  const auto& ours = bytes.ours;
  const auto total = static_cast<double>(bytes.GetTotal());
  KvTable table({"class", "wire, B", "share, %"});
  const auto add = [&](const char* name, uint64_t count) {
    const auto share = total > 0 ? 100 * static_cast<double>(count) / total : 0;
    table.AddRow({name, std::to_string(count), Number(share, 2)});
  };
  add("payload", ours.payload);
  add("framing", ours.framing);
  add("signalling", ours.signalling);
  add("acks", ours.acks);
  add("retransmitted", ours.retransmitted);
  add("fec", ours.fec);
  add("lower layers", bytes.lowerLayers);
  add("total", bytes.GetTotal());
  return table;
}

std::ostream& operator<<(std::ostream& out, const KvTable& table) {
  std::vector<size_t> widths(table.m_rows.front().size());
  for (const auto& row : table.m_rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : table.m_rows) {
    for (size_t i = 0; i < row.size(); ++i)
      out << (i == 0 ? "" : "  ") << std::setw(static_cast<int>(widths[i])) << row[i];
    out << '\n';
  }
  return out;
}

}  // namespace kvferry::sim
