// SPDX-License-Identifier: MIT
//
// A device profile: how fast one device runs one model and the codec. Simulated runs take their compute
// times from it, so that they can be repeated anywhere.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "protocol/base/result.h"

namespace kvferry {

struct Profile {
  std::string name;    // the file's, without its ending
  std::string device;  // in words
  std::string model;   // a shipped model's name or a shape's
  std::string source;  // how the numbers were come by: the command, or "assumed"
  double prefill_tokens_per_s = 0;
  double decode_tokens_per_s = 0;
  double encode_gb_per_s = 0;  // of FP16 cache going in, 10^9 bytes
  double decode_gb_per_s = 0;  // of FP16 cache coming out
  double inject_gb_per_s = 0;  // of FP16 cache handed to the model

  [[nodiscard]] double prefill_s(double tokens) const { return tokens / prefill_tokens_per_s; }
  [[nodiscard]] double generate_s(double tokens) const { return tokens / decode_tokens_per_s; }
};

[[nodiscard]] Result<Profile> read_profile(const std::filesystem::path& file);

// A shipped profile's name, or a file (a name with a slash; relative to `folder`).
[[nodiscard]] Result<Profile> find_profile(const std::string& name_or_file,
                                           const std::filesystem::path& folder = {});

// What read_profile reads.
[[nodiscard]] std::string write_profile(const Profile& profile);

}  // namespace kvferry
