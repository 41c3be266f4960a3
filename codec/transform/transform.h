// SPDX-License-Identifier: MIT
//
// What happens to a block's numbers before they are quantized, and the way back: FP32 in and out,
// contiguous [row][column]. Encoder and decoder call the same functions; only what a decoder
// computes (redo_rope, add_anchors, reconstruct) is normative (FORMAT.md).
#pragma once

#include "codec/transform/allocate_bits.h"
#include "codec/transform/anchor.h"
#include "codec/transform/basis.h"
#include "codec/transform/covariance.h"
#include "codec/transform/rope.h"
