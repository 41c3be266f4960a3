// SPDX-License-Identifier: MIT
//
// What a card costs the model that reads it: measured when the card is made, and carried in its manifest.
#pragma once

#include <string>
#include <vector>

#include "codec/encoder.h"
#include "model/reader.h"

namespace kvferry {

// Asks the full cache each question, and measures over the tokens of its own answers (end marks included) the
// mean KL(full ‖ cache) and the share where both expect the same token next. The full cache itself measures
// exactly 0 and 1. A summary that travels with the card is given in `reading`, as its reader will use it.
// `reader` must outlive the probe. The error says that there are no questions, or that the cache
// is not of this model.
[[nodiscard]] Result<QualityProbe> make_probe(const Reader& reader, const KvCache& full,
                                              const std::vector<std::string>& questions,
                                              const Reading& reading = {});

// Questions a probe takes from the templates of a document when it is given none.
inline constexpr size_t kProbeTemplates = 16;

}  // namespace kvferry
