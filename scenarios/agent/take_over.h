// SPDX-License-Identifier: MIT
//
// How an agent comes to a cache that another one has: fetches it, and asks it what it wants to know. What it
// hands on is the cache as it decoded it, with its questions and answers behind the document.
#pragma once

#include <memory>

#include "codec/calibration/calibration.h"
#include "model/reader.h"
#include "scenarios/agent/commands.h"

namespace kvferry {

// Prints the answers, and on stderr what it took. Throws UsageError or Failure.
[[nodiscard]] KvCache take_over(const AgentServeOptions& options, const Security& security,
                                const Reader& reader,
                                const std::shared_ptr<const LoadedCalibration>& calibration);

}  // namespace kvferry
