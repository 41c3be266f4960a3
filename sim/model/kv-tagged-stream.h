// SPDX-License-Identifier: GPL-2.0-only
//
// What a connection has to say on a stream, cut into packets of the size that the stream's segments have:
// packets of other sizes would be cut and joined below, which costs more than all the rest.
#pragma once

#include <ns3/packet.h>

#include <deque>

#include "sim/model/kv-byte-class-tag.h"

namespace kvferry::sim {

class KvTaggedStream {
 public:
  // virtualPayload: chunks' bytes are but counted, and are zeros in packets.
  explicit KvTaggedStream(bool virtualPayload) : m_virtualPayload(virtualPayload) {}

  // classes adds up to the size of what goes out.
  void Push(Outgoing out, const ByteClasses& classes);
  // The next bytes, tagged by class; there are so many, and more than 0.
  [[nodiscard]] ns3::Ptr<ns3::Packet> Take(uint32_t sizeBytes);
  [[nodiscard]] uint64_t GetSize() const { return m_size; }

 private:
  struct Part {
    Slice bytes;
    bool isVirtual;
  };
  struct Run {
    ByteClass byteClass;
    uint64_t size;
  };

  void AddPart(Slice bytes, bool isVirtual);
  void Tag(ns3::Ptr<ns3::Packet> packet);

  bool m_virtualPayload;
  std::deque<Part> m_parts;
  std::deque<Run> m_runs;  // classes of the parts' bytes
  uint64_t m_size = 0;
};

}  // namespace kvferry::sim
