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
  // One, or a list of at least one.
  void numbers(const std::string& key, std::vector<double>& values, double least, double most);
  void integers(const std::string& key, std::vector<int64_t>& values, int64_t least, int64_t most);
  // [low, high] with least <= low <= high <= most.
  void range(const std::string& key, int& low, int& high, int64_t least, int64_t most);

  // An empty table where there is none.
  [[nodiscard]] TomlTable table(const std::string& key);
  [[nodiscard]] std::vector<TomlTable> tables(const std::string& key);

  // These two do not count as asking.
  [[nodiscard]] bool has(const std::string& key) const;
  [[nodiscard]] bool has_list(const std::string& key) const;

  // A table whose keys are full names of other keys ("link.rate_mbps"), each with a list of values that the
  // other one takes in turn; in the file's order. Empty where there is none. Of the root.
  struct Axis {
    std::string key;
    std::vector<std::string> values;  // as JSON
  };
  [[nodiscard]] std::vector<Axis> axes(const std::string& key);
  // Gives each axis' key the value of that number instead of what it had, and takes the table of axes away.
  // Once, before anything is asked for; mistakes then name the place in the list.
  void choose(const std::string& key, const std::vector<size_t>& numbers);

  // Notes that the key must be there.
  void require(const std::string& key);
  // Notes a mistake at a key, there or not: "key 'x': " and this text.
  void reject(const std::string& key, const std::string& problem);

  // The first mistake of the whole file, if there is any.
  [[nodiscard]] Result<void> finish() const;
  // The same without keys that nobody has asked for yet.
  [[nodiscard]] Result<void> first_problem() const;

  [[nodiscard]] const std::filesystem::path& file() const;

 private:
  struct File;
  TomlTable(std::shared_ptr<File> file, size_t place) : file_(std::move(file)), place_(place) {}
  void read_integer(const std::string& key, int64_t& value, int64_t least, int64_t most);

  std::shared_ptr<File> file_;
  size_t place_;  // in the file's list of tables
};

}  // namespace kvferry
