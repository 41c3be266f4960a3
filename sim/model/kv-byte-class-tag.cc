// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-byte-class-tag.h"

#include <algorithm>

namespace kvferry::sim {

using namespace ns3;

NS_OBJECT_ENSURE_REGISTERED(KvByteClassTag);

uint64_t& CountOf(ByteClasses& classes, ByteClass which) {
  switch (which) {
    case ByteClass::PAYLOAD:
      return classes.payload;
    case ByteClass::FRAMING:
      return classes.framing;
    case ByteClass::SIGNALLING:
      return classes.signalling;
    case ByteClass::ACKS:
      return classes.acks;
    case ByteClass::RETRANSMITTED:
      return classes.retransmitted;
    case ByteClass::FEC:
      break;
  }
  return classes.fec;
}

TypeId KvByteClassTag::GetTypeId() {
  static TypeId tid = TypeId("kvferry::KvByteClassTag")
                          .SetParent<Tag>()
                          .SetGroupName("Kvferry")
                          .AddConstructor<KvByteClassTag>();
  return tid;
}

TypeId KvByteClassTag::GetInstanceTypeId() const { return GetTypeId(); }
uint32_t KvByteClassTag::GetSerializedSize() const { return 1; }
void KvByteClassTag::Serialize(TagBuffer buffer) const { buffer.WriteU8(static_cast<uint8_t>(m_class)); }
void KvByteClassTag::Deserialize(TagBuffer buffer) { m_class = static_cast<ByteClass>(buffer.ReadU8()); }
void KvByteClassTag::Print(std::ostream& os) const { os << "class=" << static_cast<int>(m_class); }

Ptr<Packet> MakeTaggedPacket(ByteView datagram, ByteClasses classes) {
  auto packet = Create<Packet>(datagram.data(), static_cast<uint32_t>(datagram.size()));
  uint32_t at = 0;
  for (const auto which : kTagOrder) {
    const auto left = packet->GetSize() - at;
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(CountOf(classes, which), left));
    if (count > 0) packet->AddByteTag(KvByteClassTag(which), at, at + count);
    at += count;
  }
  return packet;
}

ByteClasses Difference(const ByteClasses& after, const ByteClasses& before) {
  return {after.payload - before.payload,
          after.framing - before.framing,
          after.signalling - before.signalling,
          after.acks - before.acks,
          after.retransmitted - before.retransmitted,
          after.fec - before.fec};
}

}  // namespace kvferry::sim
