// SPDX-License-Identifier: MIT
#include "scenarios/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

namespace kvferry {
namespace {

struct NamedLevel {
  const char* name;
  spdlog::level::level_enum level;
};
constexpr std::array<NamedLevel, 5> kLevels = {{{"debug", spdlog::level::debug},
                                                {"info", spdlog::level::info},
                                                {"warning", spdlog::level::warn},
                                                {"error", spdlog::level::err},
                                                {"off", spdlog::level::off}}};

const NamedLevel& level_of(LogLevel level) { return kLevels[static_cast<std::size_t>(level)]; }

spdlog::logger& logger() {
  static const auto made = [] {
    auto fresh = spdlog::stderr_logger_mt("kvferry");
    fresh->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc);
    fresh->set_level(spdlog::level::warn);
    return fresh;
  }();
  return *made;
}

bool is_plain(const std::string& value) {
  return std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return c > ' ' && c != 0x7F && c != '"' && c != '=' && c != '\\';
  });
}

std::string quoted(const std::string& value) {
  if (is_plain(value)) return value;
  std::string out = "\"";
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) {
      out += '?';
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

Result<LogLevel> parse_log_level(const std::string& text) {
  const auto* found =
      std::find_if(kLevels.begin(), kLevels.end(), [&](const NamedLevel& each) { return each.name == text; });
  if (found != kLevels.end()) return static_cast<LogLevel>(found - kLevels.begin());
  return Error{"'" + text + "': no log level, expected debug, info, warning, error or off"};
}

void set_log_level(LogLevel level) { logger().set_level(level_of(level).level); }

void log(LogLevel level, const char* event,
         std::initializer_list<std::pair<const char*, std::string>> fields) {
  if (!logger().should_log(level_of(level).level)) return;
  std::string line = std::string(level_of(level).name) + ' ' + event;
  for (const auto& [key, value] : fields) {
    if (!value.empty()) line += ' ' + std::string(key) + '=' + quoted(value);
  }
  logger().log(level_of(level).level, spdlog::string_view_t(line));
}

}  // namespace kvferry
