// SPDX-License-Identifier: MIT
#include "model/checkpoint.h"

#include <fstream>
#include <iterator>
#include <sstream>

#include "model/safetensors.h"
#include "protocol/base/digest.h"

namespace kvferry {
namespace {

namespace fs = std::filesystem;

std::string shape_text(c10::IntArrayRef shape) {
  std::ostringstream out;
  out << shape;
  return out.str();
}

Result<DecoderWeights> take_weights(const ModelConfig& config, TensorMap tensors) {
  DecoderWeights weights;
  std::string problem;
  for_each_weight(config, weights,
                  [&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor& out) {
                    const auto it = tensors.find(name);
                    if (it == tensors.end()) {
                      if (problem.empty()) problem = "tensor '" + name + "' is missing";
                    } else if (it->second.sizes() != c10::IntArrayRef(shape)) {
                      if (problem.empty()) {
                        problem = "tensor '" + name + "': expected shape " + shape_text(shape) + ", not " +
                                  shape_text(it->second.sizes());
                      }
                    } else {
                      out = it->second.to(at::kFloat);
                    }
                  });
  if (!problem.empty()) return Error{problem};
  return weights;
}

Result<Digest> digest_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in) return Error{file.string() + ": cannot be read"};
  return sha256({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

Result<void> write_whole(const fs::path& file, const std::string& bytes) {
  auto part = file;
  part += ".part";
  {
    std::ofstream out(part, std::ios::binary);
    out << bytes;
    if (!out.flush()) return Error{part.string() + ": cannot be written"};
  }
  std::error_code failed;
  fs::rename(part, file, failed);
  if (failed) return Error{file.string() + ": " + failed.message()};
  return {};
}

ModelIdentity make_identity(const ModelConfig& config, const Digest& tokenizer, const Digest& weights) {
  ModelIdentity identity;
  identity.architecture = config.architecture;
  identity.layers = static_cast<uint32_t>(config.num_layers);
  identity.kv_heads = static_cast<uint32_t>(config.num_kv_heads);
  identity.head_dim = static_cast<uint32_t>(config.head_dim);
  identity.rope_theta = config.rope_theta;
  identity.tokenizer = tokenizer;
  identity.weights = weights;
  return identity;
}

}  // namespace

Result<Checkpoint> read_checkpoint(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    return Error{folder.string() +
                 ": expected a model folder with config.json, model.safetensors and tokenizer.json"};
  }
  auto config = read_model_config(folder / "config.json");
  if (!config) return config.error();
  auto tokenizer = Tokenizer::read(folder / "tokenizer.json");
  if (!tokenizer) return tokenizer.error();
  if (static_cast<int64_t>(tokenizer->size()) > config->vocab_size) {
    return Error{(folder / "tokenizer.json").string() + ": more words than config.json's vocab_size"};
  }
  const auto weights_file = folder / "model.safetensors";
  auto tensors = read_safetensors(weights_file);
  if (!tensors) return tensors.error();
  auto weights = take_weights(*config, std::move(*tensors));
  if (!weights) return weights.error().in(weights_file.string());
  const auto tokenizer_digest = digest_file(folder / "tokenizer.json");
  if (!tokenizer_digest) return tokenizer_digest.error();
  const auto weights_digest = digest_file(weights_file);
  if (!weights_digest) return weights_digest.error();
  const auto identity = make_identity(*config, *tokenizer_digest, *weights_digest);
  return Checkpoint{*config, std::move(*weights), std::move(*tokenizer), identity};
}

Result<void> write_checkpoint(const fs::path& folder, const ModelConfig& config, DecoderWeights& weights,
                              const Tokenizer& tokenizer) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return Error{folder.string() + ": " + failed.message()};
  TensorMap tensors;
  for_each_weight(config, weights,
                  [&](const std::string& name, const std::vector<int64_t>&, at::Tensor& weight) {
                    tensors.emplace(name, weight.detach().to(at::kHalf));
                  });
  if (auto done = write_whole(folder / "config.json", write_model_config(config)); !done) return done;
  if (auto done = write_whole(folder / "tokenizer.json", tokenizer.to_json()); !done) return done;
  return write_whole(folder / "model.safetensors", write_safetensors(tensors));
}

}  // namespace kvferry
