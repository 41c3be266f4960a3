// SPDX-License-Identifier: MIT
//
// Matrices here are small: one thread per product is fastest, and gives the same bits everywhere.
#pragma once

#include <string>

namespace kvferry {

// For the calling thread's tensor operations, and for BLAS in the whole process.
void use_one_thread();

// Of the libtorch that this program was built with.
[[nodiscard]] std::string libtorch_version();

}  // namespace kvferry
