// SPDX-License-Identifier: GPL-2.0-only
//
// Says of every byte that an agent sends which class it belongs to. A byte tag
// stays with its bytes when TCP cuts, joins and repeats them, so that a device
// can tell what it carries.
#pragma once

#include <ns3/packet.h>
#include <ns3/tag.h>

#include "protocol/connection/connection.h"

namespace kvferry::sim {

enum class ByteClass : uint8_t { PAYLOAD, FRAMING, SIGNALLING, ACKS, RETRANSMITTED, FEC };

// How classes follow each other within a packet: headers come before what they announce.
inline constexpr ByteClass kTagOrder[] = {ByteClass::FRAMING, ByteClass::SIGNALLING,    ByteClass::ACKS,
                                          ByteClass::FEC,     ByteClass::RETRANSMITTED, ByteClass::PAYLOAD};

// The count of one class.
uint64_t& CountOf(ByteClasses& classes, ByteClass which);

class KvByteClassTag : public ns3::Tag {
 public:
  static ns3::TypeId GetTypeId();
  explicit KvByteClassTag(ByteClass byteClass = ByteClass::PAYLOAD) : m_class(byteClass) {}

  [[nodiscard]] ByteClass GetClass() const { return m_class; }

  ns3::TypeId GetInstanceTypeId() const override;
  uint32_t GetSerializedSize() const override;
  void Serialize(ns3::TagBuffer buffer) const override;
  void Deserialize(ns3::TagBuffer buffer) override;
  void Print(std::ostream& os) const override;

 private:
  ByteClass m_class;
};

// A datagram as a packet, tagged in that order. `classes` adds up to its size at most: what is left has no
// class.
ns3::Ptr<ns3::Packet> MakeTaggedPacket(ByteView datagram, ByteClasses classes);

// classes gained between two readings of a ledger's side.
ByteClasses Difference(const ByteClasses& after, const ByteClasses& before);

}  // namespace kvferry::sim
