// SPDX-License-Identifier: MIT
#include "scenarios/capture_option.h"

#include <CLI/CLI.hpp>

#include "scenarios/log.h"
#include "scenarios/program.h"

namespace kvferry {

void add_capture_option(CLI::App& command, std::string& file) {
  command.add_option(
      "--pcap", file,
      "capture what is sent and received into this file, for Wireshark; of TLS the plain bytes");
}

std::shared_ptr<Capture> open_capture(const std::string& file) {
  if (file.empty()) return nullptr;
  return value_or_fail(Capture::create(file, [](const Error& error) {
    log(LogLevel::kWarning, "the capture ends", {{"why", error.message}});
  }));
}

}  // namespace kvferry
