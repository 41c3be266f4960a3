// SPDX-License-Identifier: MIT
//
// Reads a TOML file key by key and tells every mistake as one line: "FILE:LINE: key 'x': expected ...".
// Keys that nobody asked for are mistakes too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace kvferry {

// One table of the file. Copies show the same file. Ask for every key that there may be, then call finish()
// on any of its tables.
class TomlTable {
 public:
  // The file's root. The error says where the file is not TOML.
  [[nodiscard]] static Result<TomlTable> read(const std::filesystem::path& file);

  // Each leaves `value` as it is where the key is absent or wrong, and notes the latter. Limits are included.
  void text(const std::string& key, std::string& value);
  void texts(const std::string& key, std::vector<std::string>& values);
  void flag(const std::string& key, bool& value);
  void number(const std::string& key, double& value, double least, double most);
  template <typename Integer>
  void integer(const std::string& key, Integer& value, int64_t least, int64_t most) {
    int64_t wide = static_cast<int64_t>(value);
    read_integer(key, wide, least, most);
    value = static_cast<Integer>(wide);
  }
  // [low, high] with least <= low <= high <= most.
  void range(const std::string& key, int& low, int& high, int64_t least, int64_t most);

  // An empty table where there is none.
  [[nodiscard]] TomlTable table(const std::string& key);
  [[nodiscard]] std::vector<TomlTable> tables(const std::string& key);

  // Notes that the key must be there.
  void require(const std::string& key);
  // Notes a mistake at a key, there or not: "key 'x': " and this text.
  void reject(const std::string& key, const std::string& problem);

  // The first mistake of the whole file, if there is any.
  [[nodiscard]] Result<void> finish() const;

  [[nodiscard]] const std::filesystem::path& file() const;

 private:
  struct File;
  TomlTable(std::shared_ptr<File> file, size_t place) : file_(std::move(file)), place_(place) {}
  void read_integer(const std::string& key, int64_t& value, int64_t least, int64_t most);

  std::shared_ptr<File> file_;
  size_t place_;  // in the file's list of tables
};

}  // namespace kvferry
