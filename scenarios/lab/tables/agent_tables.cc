// SPDX-License-Identifier: MIT
//
// Tables of what agents do with caches.
#include <array>
#include <string>

#include "scenarios/lab/tables/rows.h"

namespace kvferry {

// "anew": each agent weighs the tokens by a question of its own before it hands the cache on.
Rows hops_table(const TableSubject&) {
  auto out = begin(0);
  const auto add_hop = [&](const std::string& series, int hops, const std::string& pipeline) {
    add(out, series, std::to_string(hops) + (hops == 1 ? " hop" : " hops"), hops, pipeline);
    out.back().treatment.hops = hops;
  };
  for (int hops = 1; hops <= 8; ++hops) {
    for (const char* bits : {"4", "3"}) {
      const auto suffix = std::string(", ") + bits + " bits";
      const auto adaptive = std::string("quant=int4:group | allocate=tokens:") + bits + ":attention";
      add_hop("uniform" + suffix, hops, std::string("quant=int") + bits + ":group");
      add_hop("adaptive" + suffix, hops, adaptive);
      add_hop("adaptive anew" + suffix, hops, adaptive);
      out.back().treatment.weigh_anew = true;
    }
    add_hop("polykv", hops, "polykv");
  }
  return out;
}

Rows calibration_table(const TableSubject& subject) {
  constexpr std::array kNoise = {0.1, 0.2, 0.4, 0.8, 1.6};
  auto out = begin(0);
  double place = 0;
  const auto add_sender = [&](const std::string& label, const SenderKey& sender) {
    place += 1;
    for (const bool calibrated : {true, false}) {
      out.push_back({calibrated ? "calibrated" : "shape only",
                     label,
                     place,
                     {.way = Way::kForeign, .sender = sender, .calibrated = calibrated}});
    }
  };
  for (const auto& other : subject.others) {
    add_sender(other.substr(other.find_last_of('/') + 1), {.model = other});
  }
  for (const double noise : kNoise) {
    add_sender("itself, noise " + number(noise), {.model = subject.model, .noise = noise});
  }
  return out;
}

// At 2 bits, where a layer's loss can be seen.
Rows sensitivity_table(const TableSubject& subject) {
  auto out = begin(0);
  for (uint32_t layer = 0; layer < subject.layers; ++layer) {
    add(out, "2 bits", "layer " + std::to_string(layer), subject.sensitivity[layer], "quant=int2");
    out.back().treatment.way = Way::kOneLayer;
    out.back().treatment.layer = layer;
  }
  return out;
}

Rows conditions_table(const TableSubject&) {
  constexpr std::array kWays = {Condition::kPruned, Condition::kMasked, Condition::kZeroed,
                                Condition::kZeroMasked, Condition::kBuilt};
  auto out = begin(1);
  for (const char* method : {"q2c", "snapkv"}) {
    for (const auto condition : kWays) {
      for (const double share : {0.75, 0.5, 0.25}) {
        add(out, std::string(method) + ", " + std::string(to_string(condition)), percent(share), share,
            selection(method, share));
        if (condition == Condition::kPruned) continue;  // a card
        out.back().treatment.way = Way::kCondition;
        out.back().treatment.condition = condition;
      }
    }
  }
  return out;
}

Rows facts_table(const TableSubject&) {
  struct Budget {
    const char* series;
    const char* pipeline;
    const char* quant;
  };
  constexpr std::array<Budget, 4> kBudgets = {{{"q2c 12.5 %, int4", "select=q2c:0.125", "int4"},
                                               {"snapkv 25 %, int4", "select=snapkv:0.25", "int4"},
                                               {"templates 50 %, int4", "select=templates:0.5", "int4"},
                                               {"full, int2", "select=full", "int2"}}};
  auto out = begin(0);
  for (const auto& [series, select, quant] : kBudgets) {
    for (const int words : {0, 16, 32, 64, 128}) {
      const auto facts = words == 0 ? std::string() : " | facts=" + std::to_string(words);
      add(out, series, std::to_string(words) + " words", words,
          std::string(select) + " | quant=" + quant + facts);
    }
  }
  return out;
}

}  // namespace kvferry
