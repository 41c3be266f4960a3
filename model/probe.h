// SPDX-License-Identifier: MIT
//
// What a card costs the model that reads it: measured when the card is made, carried in its manifest, and
// held by its reader against a floor.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codec/encoder.h"
#include "model/reader.h"

namespace kvferry {

// Asks the full cache each question, and measures over the tokens of its own answers (end marks included) the
// mean KL(full ‖ cache) and the share where both expect the same token next. The full cache itself measures
// exactly 0 and 1. A summary that travels with the card is given in `reading`, as its reader will use it.
// `reader` and `full` must outlive the probe. The error says that there are no questions, or that the cache
// is not of this model.
[[nodiscard]] Result<QualityProbe> make_probe(const Reader& reader, const KvCache& full,
                                              const std::vector<std::string>& questions,
                                              const Reading& reading = {});

// Questions a probe takes from the templates of a document when it is given none.
inline constexpr size_t kProbeTemplates = 16;

// The least that a reader accepts; nothing: anything.
struct QualityFloor {
  std::optional<double> max_kl = {};    // nats a token
  std::optional<double> min_top1 = {};  // share, 0 .. 1
};

// The error says how far below the floor the card is, or that nobody has measured it.
[[nodiscard]] Result<void> check_floor(const std::optional<Divergence>& measured, const QualityFloor& floor);

// Beyond these, quantization to 4 bits or fewer hurts a model more than it is worth.
inline constexpr double kBearableKl = 0.05;
inline constexpr double kBearableTop1 = 0.99;

// One line where a preset that stores some numbers in 4 bits or fewer measured beyond them, such as "this
// model does not bear 'quant=int2': ...".
[[nodiscard]] std::optional<std::string> low_bits_warning(const Preset& preset, const Divergence& measured);

}  // namespace kvferry
