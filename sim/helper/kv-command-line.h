// SPDX-License-Identifier: GPL-2.0-only
//
// ns-3's command line, --help, --RngRun, --PrintAttributes and every attribute's
// default with it, whose mistakes are one line. ns-3's own answers a name or a
// value that it does not know with the whole help, some values with the end of
// the program, and takes "3x" and -1 for numbers.
//
//   KvCommandLine options("my-script", "Shows something.");
//   options.AddValue("readers", "that want the card", readers);
//   options.AddAttribute("transport", "kvferry::KvAgent::Transport");
//   if (auto sound = options.Parse(argc, argv); !sound) ...
#pragma once

#include <ns3/command-line.h>

#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <type_traits>

#include "protocol/base/result.h"

namespace kvferry::sim {

class KvCommandLine {
 public:
  KvCommandLine(const std::string& program, const std::string& usage);

  // A number, a string, or what ns-3 reads from one word: a Time, a DataRate. value: the default, and where
  // it goes.
  template <typename T>
  void AddValue(const std::string& name, const std::string& help, T& value) {
    m_command.AddValue(name, help, value);
    m_setters[name] = [&value](const std::string& text) { return Read(text, value); };
  }
  // A short name for the default of an attribute, "kvferry::KvAgent::Transport".
  void AddAttribute(const std::string& name, const std::string& attribute);

  // --NAME=VALUE; --NAME VALUE for what was added here. Of --help and the like ends the program, as ns-3
  // does; a value that ns-3 would end it for ends it with one line on stderr and status 2. Errors: a name
  // that there is not, a value that cannot be, something else than options.
  [[nodiscard]] Result<void> Parse(int argc, char** argv);

 private:
  template <typename T>
  static bool Read(const std::string& text, T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      value = text;
      return !text.empty();
    } else {
      if (std::is_unsigned_v<T> && text.starts_with('-')) return false;
      std::istringstream in(text);
      T read;
      if (!(in >> read) || in.peek() != std::istringstream::traits_type::eof()) return false;
      value = read;
      return true;
    }
  }
  [[nodiscard]] bool Set(const std::string& name, const std::string& text) const;

  std::string m_program;
  ns3::CommandLine m_command;
  std::map<std::string, std::function<bool(const std::string&)>> m_setters;
};

}  // namespace kvferry::sim
