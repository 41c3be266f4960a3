// SPDX-License-Identifier: MIT
//
// Arithmetic that decides bytes is written once, for the processor and for the GPU.
#pragma once

#if defined(__CUDACC__)
#define KVFERRY_HOST_DEVICE __host__ __device__
#else
#define KVFERRY_HOST_DEVICE
#endif
