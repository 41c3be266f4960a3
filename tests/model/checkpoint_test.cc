// SPDX-License-Identifier: MIT
#include "model/checkpoint.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "model/safetensors.h"
#include "tests/model/small_model.h"

namespace kvferry {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

TEST(Checkpoint, returns_the_weights_it_wrote_rounded_to_half) {
  const ScratchFolder scratch;
  auto weights = initialize_weights(small_shape(), 3);
  ASSERT_TRUE(write_checkpoint(scratch.path(), small_shape(), weights, make_document_tokenizer()));
  const auto read = read_checkpoint(scratch.path());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->config, small_shape());
  EXPECT_TRUE(at::equal(read->weights.embedding, weights.embedding.to(at::kHalf).to(at::kFloat)));
  EXPECT_TRUE(at::equal(read->weights.layers[1].o_bias, weights.layers[1].o_bias));
}

TEST(Checkpoint, has_another_identity_when_a_weight_differs) {
  const ScratchFolder one, other;
  write_small_model(one.path(), 3);
  write_small_model(other.path(), 4);
  const auto a = read_checkpoint(one.path()), b = read_checkpoint(other.path());
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->identity.tokenizer, b->identity.tokenizer);
  EXPECT_NE(a->identity.weights, b->identity.weights);
  EXPECT_TRUE(a->identity.validate());
}

TEST(Checkpoint, names_the_file_that_is_missing) {
  const ScratchFolder scratch;
  write_small_model(scratch.path());
  fs::remove(scratch.path() / "model.safetensors");
  const auto read = read_checkpoint(scratch.path());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, (scratch.path() / "model.safetensors").string() + ": cannot be opened");
}

TEST(Checkpoint, refuses_weights_cut_at_any_length) {
  const ScratchFolder scratch;
  write_small_model(scratch.path());
  const auto file = scratch.path() / "model.safetensors";
  const auto whole = read_text(file);
  for (size_t length = 0; length < whole.size(); length += 1 + whole.size() / 97) {
    write_text(file, whole.substr(0, length));
    const auto read = read_checkpoint(scratch.path());
    ASSERT_FALSE(read) << "cut at " << length;
    EXPECT_EQ(read.error().message.find('\n'), std::string::npos);
    EXPECT_EQ(read.error().message.rfind(file.string(), 0), 0U) << read.error().message;
  }
}

TEST(Checkpoint, names_a_tensor_of_the_wrong_shape) {
  const ScratchFolder scratch;
  write_small_model(scratch.path());
  auto config = small_shape();
  config.hidden_size = 48;
  write_text(scratch.path() / "config.json", write_model_config(config));
  const auto read = read_checkpoint(scratch.path());
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find(
                "tensor 'model.embed_tokens.weight': expected shape [593, 48], not [593, 32]"),
            std::string::npos)
      << read.error().message;
}

TEST(Safetensors, keeps_types_shapes_and_values) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "t.safetensors";
  const TensorMap tensors = {{"f32", at::arange(6).to(at::kFloat).view({2, 3})},
                             {"f16", at::ones({4}, at::kHalf)},
                             {"bf16", at::full({1, 2}, 0.5, at::kBFloat16)}};
  write_text(file, write_safetensors(tensors));
  const auto read = read_safetensors(file);
  ASSERT_TRUE(read) << read.error().message;
  for (const auto& [name, tensor] : tensors) {
    ASSERT_TRUE(read->count(name));
    EXPECT_EQ(read->at(name).scalar_type(), tensor.scalar_type());
    EXPECT_TRUE(at::equal(read->at(name), tensor));
  }
}

TEST(Safetensors, refuses_shapes_and_offsets_that_lie) {
  const ScratchFolder scratch;
  const auto file = scratch.path() / "t.safetensors";
  const auto with_header = [&](const std::string& header) {
    std::string length(8, '\0');
    length[0] = static_cast<char>(header.size());
    write_text(file, length + header + std::string(16, 'x'));
    const auto read = read_safetensors(file);
    return read ? std::string("accepted") : read.error().message.substr(file.string().size() + 2);
  };
  EXPECT_EQ(with_header(R"({"a":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,16]}})"),
            "tensor 'a': shape does not fit the file");
  EXPECT_EQ(with_header(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}})"),
            "tensor 'a': truncated: data ends at byte 24 of 16");
  EXPECT_EQ(with_header(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,12]}})"),
            "tensor 'a': data_offsets do not fit the shape");
  EXPECT_EQ(with_header(R"({"a":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}})"),
            "tensor 'a': dtype 'I64': expected F32, F16, BF16 or I32");
}

}  // namespace
}  // namespace kvferry
