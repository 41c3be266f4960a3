// SPDX-License-Identifier: MIT
//
// The plan of a trade-off run (`kvferry-lab tradeoff PLAN.toml`): which documents, which link, which
// presets, and whose compute times. scenarios/README.md explains every key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "codec/preset.h"
#include "scenarios/profile.h"
#include "scenarios/shapes/model_shape.h"

namespace kvferry {

struct LinkPlan {
  double rate_mbps = 5;
  double rtt_ms = 40;
  double loss = 0.01;  // of packets, in each direction
  int queue_packets = 100;
};

struct DocumentsPlan {
  int count = 8;
  int facts = 8;
  int words = 0;  // with filler up to this many; 0: facts only
  bool paraphrased = false;
  int questions = 0;  // asked of each document; 0: one per fact
};

struct PresetPlan {
  std::string label;  // short, unique in the plan
  Preset preset;
};

struct TradeoffPlan {
  std::filesystem::path file;
  std::string name;
  uint64_t seed = 1;
  std::string model;  // a shipped model's name, or a folder
  DocumentsPlan documents;
  LinkPlan link;
  std::string tcp_congestion = "TcpCubic";
  std::string udp_congestion = "model";
  int max_datagram_bytes = 1452;
  std::vector<std::string> transports;
  std::vector<PresetPlan> presets;
  bool include_text = false;  // the text option as a row and a mark of its own
  Profile profile;
  std::optional<ModelShape> shape_model;  // whose bytes travel, where that is not `model`
};

// Errors: "FILE:LINE: key 'x': expected ...".
[[nodiscard]] Result<TradeoffPlan> read_plan(const std::filesystem::path& file);

// A preset in a word or two: "int4", "q2c:0.5 int4", "full int4 zstd:9".
[[nodiscard]] std::string preset_label(const Preset& preset);

}  // namespace kvferry
