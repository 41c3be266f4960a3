// SPDX-License-Identifier: MIT
//
// Whether a card that is here answers a request, where no other can be made.
#pragma once

#include "protocol/card/manifest.h"
#include "protocol/wire/request_options.h"

namespace kvferry {

// The error says which wish it does not meet.
[[nodiscard]] Result<void> check_wishes(const Manifest& manifest, const RequestOptions& request);
[[nodiscard]] Error no_such_card(const RequestOptions& request);

}  // namespace kvferry
