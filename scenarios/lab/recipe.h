// SPDX-License-Identifier: MIT
//
// Training recipes in TOML (model/recipes/*.toml): the model's shape and the stages of its curriculum.
#pragma once

#include <filesystem>

#include "model/trainer.h"

namespace kvferry {

// Errors: "FILE:LINE: key 'x': expected ...". The vocabulary's size is the tokenizer's.
[[nodiscard]] Result<TrainingRecipe> read_recipe(const std::filesystem::path& file,
                                                 const Tokenizer& tokenizer);

}  // namespace kvferry
