// SPDX-License-Identifier: MIT
#include "scenarios/lab/one_thread.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/version.h>

namespace kvferry {

void use_one_thread() {
  if (at::get_num_threads() != 1) at::set_num_threads(1);
  // OpenBLAS has threads of its own, which libtorch does not reach.
  using SetThreads = void (*)(int);
  static const auto set_blas_threads =
      reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  static const bool done = set_blas_threads != nullptr && (set_blas_threads(1), true);
  (void)done;
}

std::string libtorch_version() { return TORCH_VERSION; }

}  // namespace kvferry
