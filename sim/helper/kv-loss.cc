// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-loss.h"

#include <ns3/double.h>
#include <ns3/object-factory.h>
#include <ns3/random-variable-stream.h>

#include <string>
#include <utility>

#include "sim/model/kv-gilbert-elliott-error-model.h"

namespace kvferry::sim {

using namespace ns3;

KvLoss KvLoss::Independent(double probability) {
  KvLoss loss;
  loss.probability = probability;
  return loss;
}

KvLoss KvLoss::Bursts(double probability, uint32_t shortest, uint32_t longest) {
  KvLoss loss;
  loss.kind = BURSTS;
  loss.probability = probability;
  loss.shortest = shortest;
  loss.longest = longest;
  return loss;
}

KvLoss KvLoss::GilbertElliott(double goodToBad, double badToGood, double lossInGood, double lossInBad) {
  KvLoss loss;
  loss.kind = GILBERT_ELLIOTT;
  loss.goodToBad = goodToBad;
  loss.badToGood = badToGood;
  loss.lossInGood = lossInGood;
  loss.lossInBad = lossInBad;
  return loss;
}

Result<void> KvLoss::Check() const {
  for (const auto& [name, value] :
       {std::pair{"probability", probability}, std::pair{"good to bad", goodToBad},
        std::pair{"bad to good", badToGood}, std::pair{"loss in good", lossInGood},
        std::pair{"loss in bad", lossInBad}}) {
    if (!(value >= 0 && value <= 1))
      return Error{std::string("loss: ") + name + ' ' + std::to_string(value) + ", expected 0 to 1"};
  }
  if (shortest == 0 || shortest > longest)
    return Error{"loss: bursts of " + std::to_string(shortest) + " to " + std::to_string(longest) +
                 " packets, expected at least 1, and the shortest first"};
  return {};
}

Ptr<ErrorModel> KvLoss::Create() const {
  if (kind == GILBERT_ELLIOTT) {
    return CreateObjectWithAttributes<KvGilbertElliottErrorModel>(
        "GoodToBad", DoubleValue(goodToBad), "BadToGood", DoubleValue(badToGood), "LossInGood",
        DoubleValue(lossInGood), "LossInBad", DoubleValue(lossInBad));
  }
  if (kind == BURSTS) {
    auto model = CreateObject<BurstErrorModel>();
    model->SetBurstRate(probability);
    model->SetRandomBurstSize(CreateObjectWithAttributes<UniformRandomVariable>(
        "Min", DoubleValue(shortest), "Max", DoubleValue(longest)));  // whole numbers, both ends included
    return model;
  }
  auto model = CreateObject<RateErrorModel>();
  model->SetUnit(RateErrorModel::ERROR_UNIT_PACKET);
  model->SetRate(probability);
  return model;
}

int64_t KvLoss::AssignStreams(Ptr<ErrorModel> model, int64_t stream) {
  if (auto chain = DynamicCast<KvGilbertElliottErrorModel>(model)) return chain->AssignStreams(stream);
  if (auto bursts = DynamicCast<BurstErrorModel>(model)) return bursts->AssignStreams(stream);
  if (auto independent = DynamicCast<RateErrorModel>(model)) return independent->AssignStreams(stream);
  return 0;
}

}  // namespace kvferry::sim
