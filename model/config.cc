// SPDX-License-Identifier: MIT
#include "model/config.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace kvferry {
namespace {

using nlohmann::json;

// Collects the first thing that is wrong, so that the reading itself stays a list of fields.
class FieldReader {
 public:
  explicit FieldReader(const json& object) : object_(object) {}

  int64_t size(const char* name, int64_t low, int64_t high) {
    const auto it = object_.find(name);
    if (it == object_.end() || !it->is_number_integer()) return fail(name, "an integer"), low;
    const auto value = it->get<int64_t>();
    if (value < low || value > high) {
      return fail(name, "between " + std::to_string(low) + " and " + std::to_string(high)), low;
    }
    return value;
  }

  int64_t size_or(const char* name, int64_t fallback, int64_t low, int64_t high) {
    return present(name) ? size(name, low, high) : fallback;
  }

  double number_or(const char* name, double fallback) {
    if (!present(name)) return fallback;
    if (!object_[name].is_number()) return fail(name, "a number"), fallback;
    const auto value = object_[name].get<double>();
    if (!(value > 0)) fail(name, "positive");
    return value;
  }

  bool flag_or(const char* name, bool fallback) {
    if (!present(name)) return fallback;
    if (!object_[name].is_boolean()) return fail(name, "true or false"), fallback;
    return object_[name].get<bool>();
  }

  [[nodiscard]] bool present(const char* name) const {
    return object_.contains(name) && !object_[name].is_null();
  }

  void fail(const std::string& name, const std::string& expected) {
    if (problem_.empty()) problem_ = "field '" + name + "': expected " + expected;
  }

  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  const json& object_;
  std::string problem_;
};

Result<ModelConfig> from_json(const json& object) {
  if (!object.is_object()) return Error{"expected a JSON object"};
  FieldReader read(object);
  ModelConfig config;
  if (object.contains("architectures") && object["architectures"].is_array() &&
      !object["architectures"].empty() && object["architectures"][0].is_string()) {
    config.architecture = object["architectures"][0];
  }
  const bool llama = config.architecture == "LlamaForCausalLM";
  if (!llama && config.architecture != "Qwen2ForCausalLM") {
    read.fail("architectures", "LlamaForCausalLM or Qwen2ForCausalLM, not " + config.architecture);
  }
  config.vocab_size = read.size("vocab_size", 1, 1 << 24);
  config.hidden_size = read.size("hidden_size", 1, 1 << 16);
  config.intermediate_size = read.size("intermediate_size", 1, 1 << 20);
  config.num_layers = read.size("num_hidden_layers", 1, 1024);
  config.num_heads = read.size("num_attention_heads", 1, 1024);
  config.num_kv_heads = read.size_or("num_key_value_heads", config.num_heads, 1, 1024);
  config.head_dim = read.size_or("head_dim", config.hidden_size / config.num_heads, 2, 1024);
  config.rms_norm_eps = read.number_or("rms_norm_eps", 1e-6);
  config.rope_theta = read.number_or("rope_theta", 10000.0);
  config.qkv_bias = llama ? read.flag_or("attention_bias", false) : true;
  config.output_bias = llama && config.qkv_bias;
  config.tie_embeddings = read.flag_or("tie_word_embeddings", false);
  config.max_positions = read.size_or("max_position_embeddings", 4096, 1, 1 << 30);
  config.bos_token_id = read.size_or("bos_token_id", 0, 0, config.vocab_size - 1);
  config.eos_token_id = read.size_or("eos_token_id", 0, 0, config.vocab_size - 1);
  if (read.present("rope_scaling")) read.fail("rope_scaling", "null: scaled RoPE is not supported");
  if (config.num_heads % config.num_kv_heads != 0) {
    read.fail("num_attention_heads", "a multiple of num_key_value_heads");
  }
  if (config.head_dim % 2 != 0) read.fail("head_dim", "an even number");
  if (!read.problem().empty()) return Error{read.problem()};
  return config;
}

}  // namespace

double ModelConfig::flops_per_token(double context) const {
  const double projections =
      static_cast<double>(hidden_size) *
      static_cast<double>(2 * num_heads * head_dim + 2 * num_kv_heads * head_dim + 3 * intermediate_size);
  const double attention = 2.0 * static_cast<double>(num_heads * head_dim) * context;
  const double head = static_cast<double>(hidden_size * vocab_size);
  return 2.0 * (static_cast<double>(num_layers) * (projections + attention) + head);
}

Result<ModelConfig> read_model_config(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return Error{file.string() + ": cannot be opened"};
  const json object = json::parse(in, nullptr, false);
  if (object.is_discarded()) return Error{file.string() + ": not valid JSON"};
  auto config = from_json(object);
  if (!config) return config.error().in(file.string());
  return config;
}

std::string write_model_config(const ModelConfig& config) {
  nlohmann::ordered_json object;
  const bool llama = config.architecture == "LlamaForCausalLM";
  object["architectures"] = {config.architecture};
  object["model_type"] = llama ? "llama" : "qwen2";
  object["vocab_size"] = config.vocab_size;
  object["hidden_size"] = config.hidden_size;
  object["intermediate_size"] = config.intermediate_size;
  object["num_hidden_layers"] = config.num_layers;
  object["num_attention_heads"] = config.num_heads;
  object["num_key_value_heads"] = config.num_kv_heads;
  object["head_dim"] = config.head_dim;
  object["hidden_act"] = "silu";
  object["rms_norm_eps"] = config.rms_norm_eps;
  object["rope_theta"] = config.rope_theta;
  if (llama) object["attention_bias"] = config.qkv_bias;
  object["tie_word_embeddings"] = config.tie_embeddings;
  object["max_position_embeddings"] = config.max_positions;
  object["bos_token_id"] = config.bos_token_id;
  object["eos_token_id"] = config.eos_token_id;
  object["torch_dtype"] = "float16";
  return object.dump(2) + "\n";
}

}  // namespace kvferry
