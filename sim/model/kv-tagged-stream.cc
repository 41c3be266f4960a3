// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-tagged-stream.h"

#include <algorithm>

namespace kvferry::sim {

using namespace ns3;

void KvTaggedStream::AddPart(Slice bytes, bool isVirtual) {
  if (bytes.empty()) return;
  m_size += bytes.size();
  m_parts.push_back({std::move(bytes), isVirtual});
}

void KvTaggedStream::Push(Outgoing out, const ByteClasses& classes) {
  for (auto total = classes; const auto which : kTagOrder) {
    if (const auto count = CountOf(total, which)) m_runs.push_back({which, count});
  }
  AddPart(Slice(std::move(out.head)), false);
  AddPart(std::move(out.payload), m_virtualPayload);
}

Ptr<Packet> KvTaggedStream::Take(uint32_t sizeBytes) {
  Ptr<Packet> packet;
  for (uint32_t left = sizeBytes; left > 0;) {
    auto& part = m_parts.front();
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(left, part.bytes.size()));
    auto piece = part.isVirtual ? Create<Packet>(count) : Create<Packet>(part.bytes.data(), count);
    if (packet) {
      packet->AddAtEnd(piece);
    } else {
      packet = piece;
    }
    left -= count;
    if (count == part.bytes.size()) {
      m_parts.pop_front();
    } else {
      part.bytes = part.bytes.part(count, part.bytes.size() - count);
    }
  }
  m_size -= sizeBytes;
  Tag(packet);
  return packet;
}

void KvTaggedStream::Tag(Ptr<Packet> packet) {
  for (uint32_t at = 0; at < packet->GetSize();) {
    auto& run = m_runs.front();
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(run.size, packet->GetSize() - at));
    packet->AddByteTag(KvByteClassTag(run.byteClass), at, at + count);
    at += count;
    run.size -= count;
    if (run.size == 0) m_runs.pop_front();
  }
}

}  // namespace kvferry::sim
