// SPDX-License-Identifier: MIT
#include "scenarios/lab/plan.h"

#include <algorithm>

#include "scenarios/data_files.h"
#include "scenarios/toml_file.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

void read_documents(TomlTable table, DocumentsPlan& plan) {
  table.integer("count", plan.count, 1, 10000);
  table.integer("facts", plan.facts, 1, 200);
  table.integer("words", plan.words, 0, 100000);
  table.flag("paraphrased", plan.paraphrased);
  table.integer("questions", plan.questions, 0, plan.facts);
}

void read_link(TomlTable table, LinkPlan& plan) {
  table.number("rate_mbps", plan.rate_mbps, 0.001, 100000);
  table.number("rtt_ms", plan.rtt_ms, 0, 60000);
  table.number("loss", plan.loss, 0, 0.9);
  table.integer("queue_packets", plan.queue_packets, 1, 1000000);
}

void read_protocols(TomlTable& root, TradeoffPlan& plan) {
  root.texts("transports", plan.transports);
  root.require("transports");
  for (size_t i = 0; i < plan.transports.size(); ++i) {
    const auto& name = plan.transports[i];
    if (name != "ns3-tcp" && name != "ns3-udp" && name != "ns3-quic") {
      root.reject("transports", "unknown transport '" + name + "', expected ns3-tcp, ns3-udp or ns3-quic");
    } else if (std::count(plan.transports.begin(), plan.transports.end(), name) > 1) {
      return root.reject("transports", "'" + name + "' stands there twice, expected each once");
    }
  }
  root.table("tcp").text("congestion", plan.tcp_congestion);
  auto udp = root.table("udp");
  udp.text("congestion", plan.udp_congestion);
  if (plan.udp_congestion != "model" && plan.udp_congestion != "cubic") {
    udp.reject("congestion", "expected model or cubic");
  }
  udp.integer("max_datagram_bytes", plan.max_datagram_bytes, 1200, 9000);
}

bool is_name(const std::string& text) {
  const auto presets = named_presets();
  return std::any_of(presets.begin(), presets.end(),
                     [&](const NamedPreset& preset) { return preset.name == text; });
}

void read_presets(TomlTable& root, TradeoffPlan& plan) {
  std::vector<std::string> texts;
  root.texts("presets", texts);
  root.require("presets");
  for (const auto& text : texts) {
    auto preset = parse_preset(text);
    if (!preset) return root.reject("presets", "'" + text + "': " + preset.error().message);
    const auto label = is_name(text) ? text : preset_label(*preset);
    for (const auto& other : plan.presets) {
      if (other.label == label || other.preset == *preset)
        return root.reject("presets", "'" + label + "' stands there twice, expected each once");
    }
    plan.presets.push_back({label, *preset});
  }
}

// A name stands for a shipped profile; what has a slash is a file, seen from the plan's folder.
void read_models(TomlTable& root, TradeoffPlan& plan) {
  std::string profile, shape;
  root.text("model", plan.model);
  root.require("model");
  root.text("profile", profile);
  root.require("profile");
  root.text("shape_model", shape);
  if (!shape.empty()) {
    plan.shape_model = find_shape(shape);
    if (!plan.shape_model)
      root.reject("shape_model", "unknown shape '" + shape + "', expected one of " + shape_names());
  }
  if (plan.model.empty() || profile.empty()) return;
  if (plan.model.find('/') != std::string::npos)
    plan.model = (plan.file.parent_path() / plan.model).lexically_normal();
  auto read = find_profile(profile, plan.file.parent_path());
  if (!read) return root.reject("profile", read.error().message);
  plan.profile = std::move(*read);
  const auto timed =
      plan.shape_model ? std::string(plan.shape_model->name) : fs::path(plan.model).filename().string();
  if (plan.profile.model != timed) {
    root.reject("profile",
                "'" + profile + "' is of model " + plan.profile.model + ", expected one of " + timed);
  }
}

}  // namespace

Result<TradeoffPlan> read_plan(const fs::path& file) {
  auto root = TomlTable::read(file);
  if (!root) return root.error();
  TradeoffPlan plan;
  plan.file = file;
  plan.name = file.stem().string();
  root->text("name", plan.name);
  root->integer("seed", plan.seed, 0, INT64_MAX);
  read_models(*root, plan);
  read_documents(root->table("documents"), plan.documents);
  read_link(root->table("link"), plan.link);
  read_protocols(*root, plan);
  read_presets(*root, plan);
  root->flag("include_text", plan.include_text);
  if (auto read = root->finish(); !read) return read.error();
  return plan;
}

std::string preset_label(const Preset& preset) {
  const auto whole = to_string(preset);
  std::string label;
  for (size_t begin = 0; begin < whole.size();) {
    const auto end = std::min(whole.find(" | ", begin), whole.size());
    const auto stage = whole.substr(begin, end - begin);
    label += (label.empty() ? "" : " ") + stage.substr(stage.find('=') + 1);
    begin = end + 3;
  }
  // What goes without saying: all positions; zstd after a quantizer, nothing after fp16.
  if (label.starts_with("full ")) label.erase(0, 5);
  const std::string coder = preset.quant == QuantStage{} ? " none" : " zstd";
  if (label.ends_with(coder)) label.erase(label.size() - coder.size());
  return label;
}

}  // namespace kvferry
