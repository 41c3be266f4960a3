// SPDX-License-Identifier: MIT
//
// Long work ends at the next step after Ctrl-C, so that what it had begun is cleared away.
#pragma once

namespace kvferry {

// From now on SIGINT and SIGTERM only raise the flag.
void watch_interrupts();
[[nodiscard]] bool interrupted();

}  // namespace kvferry
