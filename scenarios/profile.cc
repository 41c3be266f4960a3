// SPDX-License-Identifier: MIT
#include "scenarios/profile.h"

#include <sstream>

#include "scenarios/data_files.h"
#include "scenarios/toml_file.h"

namespace kvferry {

Result<Profile> read_profile(const std::filesystem::path& file) {
  auto root = TomlTable::read(file);
  if (!root) return root.error();
  Profile profile;
  profile.name = file.stem().string();
  const auto text = [&](const char* key, std::string& value) {
    root->text(key, value);
    root->require(key);
  };
  const auto rate = [&](const char* key, double& value, double most) {
    root->number(key, value, 1e-6, most);
    root->require(key);
  };
  text("device", profile.device);
  text("model", profile.model);
  text("source", profile.source);
  rate("prefill_tokens_per_s", profile.prefill_tokens_per_s, 1e9);
  rate("decode_tokens_per_s", profile.decode_tokens_per_s, 1e9);
  rate("encode_gb_per_s", profile.encode_gb_per_s, 1e6);
  rate("decode_gb_per_s", profile.decode_gb_per_s, 1e6);
  rate("inject_gb_per_s", profile.inject_gb_per_s, 1e6);
  if (auto read = root->finish(); !read) return read.error();
  return profile;
}

Result<Profile> find_profile(const std::string& name_or_file, const std::filesystem::path& folder) {
  if (name_or_file.find('/') != std::string::npos) return read_profile(folder / name_or_file);
  const auto file = find_data(std::filesystem::path("scenarios/profiles") / (name_or_file + ".toml"));
  if (!file) return file.error();
  return read_profile(*file);
}

std::string write_profile(const Profile& profile) {
  std::ostringstream out;
  out.precision(6);
  out << "# SPDX-License-Identifier: MIT\n"
      << "device = \"" << profile.device << "\"\n"
      << "model = \"" << profile.model << "\"\n"
      << "source = \"" << profile.source << "\"\n"
      << "prefill_tokens_per_s = " << profile.prefill_tokens_per_s << "\n"
      << "decode_tokens_per_s = " << profile.decode_tokens_per_s << "\n"
      << "encode_gb_per_s = " << profile.encode_gb_per_s << "\n"
      << "decode_gb_per_s = " << profile.decode_gb_per_s << "\n"
      << "inject_gb_per_s = " << profile.inject_gb_per_s << "\n";
  return out.str();
}

}  // namespace kvferry
