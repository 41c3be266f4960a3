// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-gilbert-elliott-error-model.h"

#include <ns3/double.h>
#include <ns3/pointer.h>
#include <ns3/string.h>

namespace kvferry::sim {

using namespace ns3;

NS_OBJECT_ENSURE_REGISTERED(KvGilbertElliottErrorModel);

TypeId KvGilbertElliottErrorModel::GetTypeId() {
  using Self = KvGilbertElliottErrorModel;
  static const char* const kUniform = "ns3::UniformRandomVariable[Min=0.0|Max=1.0]";
  static TypeId tid =
      TypeId("kvferry::KvGilbertElliottErrorModel")
          .SetParent<ErrorModel>()
          .SetGroupName("Kvferry")
          .AddConstructor<Self>()
          .AddAttribute("GoodToBad", "Probability, before each packet, of a step from good to bad.",
                        DoubleValue(0), MakeDoubleAccessor(&Self::m_goodToBad),
                        MakeDoubleChecker<double>(0, 1))
          .AddAttribute("BadToGood", "Probability, before each packet, of a step from bad to good.",
                        DoubleValue(1), MakeDoubleAccessor(&Self::m_badToGood),
                        MakeDoubleChecker<double>(0, 1))
          .AddAttribute("LossInGood", "Probability of losing a packet in the good state.", DoubleValue(0),
                        MakeDoubleAccessor(&Self::m_lossInGood), MakeDoubleChecker<double>(0, 1))
          .AddAttribute("LossInBad", "Probability of losing a packet in the bad state.", DoubleValue(1),
                        MakeDoubleAccessor(&Self::m_lossInBad), MakeDoubleChecker<double>(0, 1))
          .AddAttribute("StepVariable", "Decides on steps: uniform from 0 to 1.", StringValue(kUniform),
                        MakePointerAccessor(&Self::m_step), MakePointerChecker<RandomVariableStream>())
          .AddAttribute("LossVariable", "Decides on losses: uniform from 0 to 1.", StringValue(kUniform),
                        MakePointerAccessor(&Self::m_loss), MakePointerChecker<RandomVariableStream>());
  return tid;
}

int64_t KvGilbertElliottErrorModel::AssignStreams(int64_t stream) {
  m_step->SetStream(stream);
  m_loss->SetStream(stream + 1);
  return 2;
}

bool KvGilbertElliottErrorModel::DoCorrupt(Ptr<Packet>) {
  if (m_step->GetValue() < (m_bad ? m_badToGood : m_goodToBad)) m_bad = !m_bad;
  return m_loss->GetValue() < (m_bad ? m_lossInBad : m_lossInGood);
}

}  // namespace kvferry::sim
