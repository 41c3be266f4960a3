// SPDX-License-Identifier: MIT
#include "scenarios/toml_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace kvferry {
namespace {

struct Problem {
  uint32_t line;
  std::string text;
};

// A table that somebody asked for, and the keys it may have. `node` is null where the file has none.
struct Place {
  const toml::table* node;
  std::string path;  // "link." or "stage[2]."
  uint32_t line;
  std::vector<std::string> keys;
};

std::string as_text(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

struct TomlTable::File {
  std::filesystem::path path;
  toml::table root;
  std::vector<Place> places;
  std::vector<Problem> problems;

  const toml::node* find(size_t place, const std::string& key) {
    auto& at = places[place];
    if (std::find(at.keys.begin(), at.keys.end(), key) == at.keys.end()) at.keys.push_back(key);
    return at.node == nullptr ? nullptr : at.node->get(key);
  }

  void note(size_t place, const std::string& key, const std::string& what) {
    const auto& at = places[place];
    const auto* node = at.node == nullptr ? nullptr : at.node->get(key);
    const auto line = node == nullptr ? at.line : node->source().begin.line;
    problems.push_back({line, "key '" + at.path + key + "': " + what});
  }

  size_t add(const toml::table* node, std::string name, uint32_t line) {
    places.push_back({node, std::move(name), line, {}});
    return places.size() - 1;
  }

  // Keys of the tables asked for that nobody asked for.
  [[nodiscard]] std::vector<Problem> unknown_keys() const {
    std::vector<Problem> found;
    for (const auto& at : places) {
      if (at.node == nullptr) continue;
      for (const auto& [key, value] : *at.node) {
        const std::string name(key.str());
        if (std::find(at.keys.begin(), at.keys.end(), name) != at.keys.end()) continue;
        found.push_back({key.source().begin.line,
                         "key '" + at.path + name + "': unknown, expected one of " + joined(at.keys)});
      }
    }
    return found;
  }
};

Result<TomlTable> TomlTable::read(const std::filesystem::path& path) {
  auto file = std::make_shared<File>();
  file->path = path;
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) {
    return Error{path.string() + ": expected a file, found " +
                 (std::filesystem::exists(path, failed) ? "a folder" : "none")};
  }
  try {
    file->root = toml::parse_file(path.string());
  } catch (const toml::parse_error& error) {
    const auto line = error.source().begin.line;
    return Error{path.string() + (line > 0 ? ":" + std::to_string(line) : "") + ": " +
                 std::string(error.description())};
  }
  file->add(&file->root, "", 1);
  return TomlTable(std::move(file), 0);
}

const std::filesystem::path& TomlTable::file() const { return file_->path; }

void TomlTable::text(const std::string& key, std::string& value) {
  const auto* node = file_->find(place_, key);
  if (node == nullptr) return;
  if (const auto* found = node->as_string(); found != nullptr && !found->get().empty()) {
    value = found->get();
  } else {
    reject(key, "expected a text in quotes");
  }
}

void TomlTable::texts(const std::string& key, std::vector<std::string>& values) {
  const auto* node = file_->find(place_, key);
  if (node == nullptr) return;
  const auto* list = node->as_array();
  std::vector<std::string> found;
  if (list != nullptr) {
    for (const auto& item : *list) {
      if (const auto* word = item.as_string()) found.push_back(word->get());
    }
  }
  if (list == nullptr || list->empty() || found.size() != list->size()) {
    return reject(key, "expected a list of texts, at least one");
  }
  values = std::move(found);
}

void TomlTable::flag(const std::string& key, bool& value) {
  const auto* node = file_->find(place_, key);
  if (node == nullptr) return;
  if (const auto* found = node->as_boolean()) {
    value = found->get();
  } else {
    reject(key, "expected true or false");
  }
}

void TomlTable::number(const std::string& key, double& value, double least, double most) {
  const auto* node = file_->find(place_, key);
  if (node == nullptr) return;
  const auto found = node->is_number() ? node->value<double>() : std::nullopt;
  if (!found || !(*found >= least && *found <= most)) {
    return reject(key, "expected a number from " + as_text(least) + " to " + as_text(most));
  }
  value = *found;
}

void TomlTable::read_integer(const std::string& key, int64_t& value, int64_t least, int64_t most) {
  const auto* node = file_->find(place_, key);
  if (node == nullptr) return;
  const auto* found = node->as_integer();
  if (found == nullptr || found->get() < least || found->get() > most) {
    return reject(key,
                  "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  value = found->get();
}

void TomlTable::range(const std::string& key, int& low, int& high, int64_t least, int64_t most) {
  const auto* node = file_->find(place_, key);
  if (node == nullptr) return;
  const auto* list = node->as_array();
  const bool pair = list != nullptr && list->size() == 2 && list->is_homogeneous<int64_t>();
  const auto from = pair ? list->get_as<int64_t>(0)->get() : 0;
  const auto to = pair ? list->get_as<int64_t>(1)->get() : 0;
  if (!pair || from < least || from > to || to > most) {
    return reject(key, "expected [low, high], whole numbers from " + std::to_string(least) + " to " +
                           std::to_string(most));
  }
  low = static_cast<int>(from);
  high = static_cast<int>(to);
}

TomlTable TomlTable::table(const std::string& key) {
  const auto* node = file_->find(place_, key);
  const auto line = node == nullptr ? file_->places[place_].line : node->source().begin.line;
  if (node != nullptr && !node->is_table()) reject(key, "expected a table");
  const auto path = file_->places[place_].path + key + ".";
  return {file_, file_->add(node == nullptr ? nullptr : node->as_table(), path, line)};
}

std::vector<TomlTable> TomlTable::tables(const std::string& key) {
  const auto* node = file_->find(place_, key);
  std::vector<TomlTable> found;
  if (node == nullptr) return found;
  const auto* list = node->as_array();
  if (list == nullptr || list->empty() || !list->is_homogeneous<toml::table>()) {
    reject(key, "expected tables, each under its own [[" + key + "]]");
    return found;
  }
  const auto path = file_->places[place_].path + key;
  for (size_t i = 0; i < list->size(); ++i) {
    const auto* item = list->get_as<toml::table>(i);
    const auto name = path + "[" + std::to_string(i + 1) + "].";
    found.push_back({file_, file_->add(item, name, item->source().begin.line)});
  }
  return found;
}

void TomlTable::require(const std::string& key) {
  if (file_->find(place_, key) == nullptr) file_->note(place_, key, "missing");
}

void TomlTable::reject(const std::string& key, const std::string& problem) {
  file_->note(place_, key, problem);
}

Result<void> TomlTable::finish() const {
  auto problems = file_->unknown_keys();
  problems.insert(problems.end(), file_->problems.begin(), file_->problems.end());
  if (problems.empty()) return {};
  const auto first = std::min_element(problems.begin(), problems.end(),
                                      [](const Problem& a, const Problem& b) { return a.line < b.line; });
  return Error{file_->path.string() + ":" + std::to_string(first->line) + ": " + first->text};
}

}  // namespace kvferry
