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

std::vector<std::string> split(const std::string& name) {
  std::vector<std::string> parts;
  std::istringstream in(name);
  for (std::string part; std::getline(in, part, '.');) parts.push_back(part);
  return parts;
}

std::string as_json(const toml::node& node) {
  std::ostringstream out;
  out << toml::json_formatter(node);
  return out.str();
}

// In the order in which they stand in the file.
std::vector<std::pair<toml::key, toml::node*>> entries_of(toml::table& table) {
  std::vector<std::pair<toml::key, toml::node*>> entries;
  for (auto&& [key, node] : table) entries.emplace_back(key, &node);
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    const auto from = a.first.source().begin, to = b.first.source().begin;
    return std::pair(from.line, from.column) < std::pair(to.line, to.column);
  });
  return entries;
}

// Moves the value to where its full name says; false: what is on the way is no table. Moved nodes, unlike
// copies, still know their lines.
bool put(toml::table& root, const toml::key& name, toml::node& value) {
  auto parts = split(std::string(name.str()));
  auto* table = &root;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    auto* next = table->get(parts[i]);
    if (next == nullptr)
      next = &table->insert(toml::key(parts[i], name.source()), toml::table{}).first->second;
    table = next->as_table();
    if (table == nullptr) return false;
  }
  value.visit([&](auto& typed) {
    table->insert_or_assign(toml::key(parts.back(), name.source()), std::move(typed));
  });
  return true;
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

  const toml::node* look(size_t place, const std::string& key) const {
    const auto* at = places[place].node;
    return at == nullptr ? nullptr : at->get(key);
  }

  size_t add(const toml::table* node, std::string name, uint32_t line) {
    places.push_back({node, std::move(name), line, {}});
    return places.size() - 1;
  }

  [[nodiscard]] Result<void> first_of(const std::vector<Problem>& problems_found) const {
    const auto first = std::min_element(problems_found.begin(), problems_found.end(),
                                        [](const Problem& a, const Problem& b) { return a.line < b.line; });
    if (first == problems_found.end()) return {};
    return Error{path.string() + ":" + std::to_string(first->line) + ": " + first->text};
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

template <typename Value, typename Read>
bool read_some(const toml::node& node, std::vector<Value>& values, const Read& read) {
  std::vector<Value> found;
  const auto take = [&](const toml::node& item) {
    if (const std::optional<Value> value = read(item)) found.push_back(*value);
  };
  const auto* list = node.as_array();
  if (list == nullptr) {
    take(node);
  } else {
    for (const auto& item : *list) take(item);
  }
  if (found.empty() || found.size() != (list == nullptr ? 1 : list->size())) return false;
  values = std::move(found);
  return true;
}

void TomlTable::numbers(const std::string& key, std::vector<double>& values, double least, double most) {
  const auto* node = file_->find(place_, key);
  if (node == nullptr) return;
  const auto read = [&](const toml::node& item) {
    const auto value = item.is_number() ? item.value<double>() : std::nullopt;
    return value && *value >= least && *value <= most ? value : std::nullopt;
  };
  if (!read_some(*node, values, read))
    reject(key, "expected a number from " + as_text(least) + " to " + as_text(most) +
                    ", or a list of such numbers");
}

void TomlTable::integers(const std::string& key, std::vector<int64_t>& values, int64_t least, int64_t most) {
  const auto* node = file_->find(place_, key);
  if (node == nullptr) return;
  const auto read = [&](const toml::node& item) -> std::optional<int64_t> {
    const auto* value = item.as_integer();
    if (value == nullptr || value->get() < least || value->get() > most) return std::nullopt;
    return value->get();
  };
  if (!read_some(*node, values, read))
    reject(key, "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
                    ", or a list of such numbers");
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
  auto line = node == nullptr ? 0 : node->source().begin.line;
  if (line == 0) line = file_->places[place_].line;  // not in the file, or only by a choice
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

bool TomlTable::has(const std::string& key) const { return file_->look(place_, key) != nullptr; }

bool TomlTable::has_list(const std::string& key) const {
  const auto* node = file_->look(place_, key);
  return node != nullptr && node->is_array();
}

std::vector<TomlTable::Axis> TomlTable::axes(const std::string& key) {
  std::vector<Axis> axes;
  if (file_->find(place_, key) == nullptr) return axes;
  auto* table = file_->root[key].as_table();
  if (table == nullptr) {
    reject(key, "expected a table");
    return axes;
  }
  auto here = TomlTable(file_, file_->add(table, key + ".", table->source().begin.line));
  for (const auto& [name, node] : entries_of(*table)) {
    Axis& axis = axes.emplace_back(Axis{std::string(name.str()), {}});
    (void)file_->find(here.place_, axis.key);
    const auto* list = node->as_array();
    if (list == nullptr || list->empty()) {
      here.reject(axis.key, node->is_table() ? "expected the full name in quotes, such as \"link.rate_mbps\""
                                             : "expected a list of values, at least one");
      continue;
    }
    for (const auto& item : *list) axis.values.push_back(as_json(item));
  }
  return axes;
}

void TomlTable::choose(const std::string& key, const std::vector<size_t>& numbers) {
  auto* table = file_->root[key].as_table();
  if (table == nullptr) return;
  const auto entries = entries_of(*table);
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& [name, list] = entries[i];
    if (split(std::string(name.str())).empty() || !put(file_->root, name, list->as_array()->at(numbers[i])))
      file_->problems.push_back({name.source().begin.line, "key '" + key + "." + std::string(name.str()) +
                                                               "': expected the full name of a key"});
  }
  file_->root.erase(key);
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
  return file_->first_of(problems);
}

Result<void> TomlTable::first_problem() const { return file_->first_of(file_->problems); }

}  // namespace kvferry
