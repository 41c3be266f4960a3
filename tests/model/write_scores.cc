// SPDX-License-Identifier: MIT
//
// write_scores MODEL TEXT OUT: H2O's and SnapKV's scores of every layer and KV head, of the document in the
// file TEXT, as a safetensors file {ids [T], h2o [L, G, T], snapkv [L, G, T]}. SnapKV's window is 64 tokens.
#include <c10/core/GradMode.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "model/attention.h"
#include "model/injection.h"
#include "model/safetensors.h"

namespace {

using namespace kvferry;

int write_scores(const std::string& folder, const std::string& text_file, const std::string& out) {
  const c10::NoGradGuard no_grad;
  const auto reader = Reader::open(folder);
  if (!reader) {
    std::cerr << reader.error().message << "\n";
    return 1;
  }
  std::ifstream in(text_file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto ids = reader->document_tokens(text);
  auto state = reader->decoder().empty_state();
  (void)reader->decoder().forward_cached(tensor_of(ids), positions_from(0, ids.size()), state);
  const auto h2o = observed_attention(reader->decoder(), ids);
  const auto snapkv = window_attention(reader->decoder(), ids, state, {.window = 64, .kernel = 5});
  std::ofstream(out, std::ios::binary)
      << write_safetensors({{"h2o", h2o}, {"ids", tensor_of(ids).to(at::kFloat)}, {"snapkv", snapkv}});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4) return write_scores(argv[1], argv[2], argv[3]);
  std::cerr << "usage: write_scores MODEL TEXT OUT\n";
  return 2;
}
