// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-bulk-socket-factory.h"

#include <ns3/nstime.h>
#include <ns3/socket.h>
#include <ns3/tcp-cubic.h>
#include <ns3/tcp-socket-base.h>
#include <ns3/tcp-socket-factory.h>
#include <ns3/uinteger.h>

namespace kvferry::sim {

using namespace ns3;

NS_OBJECT_ENSURE_REGISTERED(KvBulkSocketFactory);

TypeId KvBulkSocketFactory::GetTypeId() {
  static TypeId tid = TypeId("kvferry::KvBulkSocketFactory")
                          .SetParent<SocketFactory>()
                          .SetGroupName("Kvferry")
                          .AddConstructor<KvBulkSocketFactory>();
  return tid;
}

void KvBulkSocketFactory::InstallOn(Ptr<Node> node) {
  if (!node->GetObject<KvBulkSocketFactory>()) node->AggregateObject(CreateObject<KvBulkSocketFactory>());
}

Ptr<Socket> KvBulkSocketFactory::CreateSocket() {
  auto socket = Socket::CreateSocket(GetObject<Node>(), TcpSocketFactory::GetTypeId());
  socket->SetAttribute("SegmentSize", UintegerValue(1428));
  socket->SetAttribute("SndBufSize", UintegerValue(kSendBufferBytes));
  socket->SetAttribute("RcvBufSize", UintegerValue(8 << 20));
  socket->SetAttribute("DelAckTimeout", TimeValue(MilliSeconds(40)));
  socket->SetAttribute("MinRto", TimeValue(MilliSeconds(200)));
  DynamicCast<TcpSocketBase>(socket)->SetCongestionControlAlgorithm(CreateObject<TcpCubic>());
  return socket;
}

}  // namespace kvferry::sim
