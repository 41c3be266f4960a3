// SPDX-License-Identifier: MIT
//
// --pcap, of every command that opens or takes connections.
#pragma once

#include <memory>
#include <string>

#include "transport/capture/capture.h"

namespace CLI {
class App;
}

namespace kvferry {

void add_capture_option(CLI::App& command, std::string& file);

// None if the file has no name. Throws Failure; a capture that ends early is a warning in the log.
[[nodiscard]] std::shared_ptr<Capture> open_capture(const std::string& file);

}  // namespace kvferry
