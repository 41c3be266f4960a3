// SPDX-License-Identifier: MIT
//
// A decoder of random weights, small enough for tests that do not need a trained one.
#pragma once

#include <filesystem>
#include <string>

#include "model/checkpoint.h"
#include "model/initialize.h"
#include "model/trainer.h"

namespace kvferry {

inline ModelConfig small_shape() {
  ModelConfig shape;
  shape.vocab_size = static_cast<int64_t>(make_document_tokenizer().size());
  shape.hidden_size = 32;
  shape.intermediate_size = 48;
  shape.num_layers = 2;
  shape.num_heads = 4;
  shape.num_kv_heads = 2;
  shape.head_dim = 16;
  shape.output_bias = true;
  return shape;
}

// A folder that goes with the test.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "kvferry-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void write_small_model(const std::filesystem::path& folder, uint64_t seed = 3) {
  auto weights = initialize_weights(small_shape(), seed);
  const auto done = write_checkpoint(folder, small_shape(), weights, make_document_tokenizer());
  if (!done) throw std::runtime_error(done.error().message);
}

}  // namespace kvferry
