// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-command-line.h"

#include <ns3/config.h>
#include <ns3/global-value.h>
#include <ns3/string.h>
#include <ns3/type-id.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <vector>

namespace kvferry::sim {

using namespace ns3;

namespace {

// Those that print something and end the program.
bool IsPrinter(const std::string& name) {
  return name == "help" || name == "h" || name == "version" || name.starts_with("Print");
}

GlobalValue* FindGlobal(const std::string& name) {
  const auto found = std::find_if(GlobalValue::Begin(), GlobalValue::End(),
                                  [&](const auto* global) { return global->GetName() == name; });
  return found == GlobalValue::End() ? nullptr : *found;
}

// name: "TYPE::ATTRIBUTE".
bool IsAttribute(const std::string& name) {
  const auto colons = name.rfind("::");
  TypeId type;
  TypeId::AttributeInformation info;
  return colons != std::string::npos && TypeId::LookupByNameFailSafe(name.substr(0, colons), &type) &&
         type.LookupAttributeByName(name.substr(colons + 2), &info);
}

// While there is one, ns-3's word for a value that it cannot read is this one line.
class OneLine {
 public:
  explicit OneLine(const std::string& message) : m_cerr(std::cerr.rdbuf(m_swallowed.rdbuf())) {
    Message() = message;
    m_terminate = std::set_terminate([] {
      std::fprintf(stderr, "%s\n", Message().c_str());
      std::_Exit(2);
    });
  }
  ~OneLine() {
    std::set_terminate(m_terminate);
    std::cerr.rdbuf(m_cerr);
  }
  OneLine(const OneLine&) = delete;
  OneLine& operator=(const OneLine&) = delete;

 private:
  static std::string& Message() {
    static std::string message;
    return message;
  }

  std::ostringstream m_swallowed;
  std::streambuf* m_cerr;
  std::terminate_handler m_terminate;
};

}  // namespace

KvCommandLine::KvCommandLine(const std::string& program, const std::string& usage)
    : m_program(program), m_command(program) {
  m_command.Usage(usage);
}

void KvCommandLine::AddAttribute(const std::string& name, const std::string& attribute) {
  m_command.AddValue(name, attribute);
  m_setters[name] = [attribute](const std::string& text) {
    return Config::SetDefaultFailSafe(attribute, StringValue(text));
  };
}

bool KvCommandLine::Set(const std::string& name, const std::string& text) const {
  const auto ours = m_setters.find(name);
  if (ours != m_setters.end()) return ours->second(text);
  if (auto* global = FindGlobal(name)) return global->SetValue(StringValue(text));
  return Config::SetDefaultFailSafe(name, StringValue(text));
}

Result<void> KvCommandLine::Parse(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto& argument = arguments[i];
    const auto begin = argument.find_first_not_of('-');
    if (begin == 0 || begin > 2)
      return Error{"'" + argument + "', expected options alone, --NAME=VALUE (try --help)"};
    const auto equals = std::min(argument.find('='), argument.size());
    const auto name = argument.substr(begin, equals - begin);
    if (IsPrinter(name)) {
      m_command.Parse({m_program, argument});
      continue;
    }
    auto text = argument.substr(std::min(equals + 1, argument.size()));
    if (equals == argument.size() && m_setters.contains(name) && i + 1 < arguments.size())
      text = arguments[++i];
    if (!m_setters.contains(name) && !FindGlobal(name) && !IsAttribute(name))
      return Error{"--" + name + ": no such option (try --help)"};
    const auto wrong = "--" + name + "=" + text + ": not a value that this option takes (try --help)";
    const OneLine oneLine(m_program + ": " + wrong);
    if (!Set(name, text)) return Error{wrong};
  }
  return {};
}

}  // namespace kvferry::sim
