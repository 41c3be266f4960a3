// SPDX-License-Identifier: MIT
//
// A cache of one model in the place of another's (Q-KVComm, cross-model calibration). Where shapes
// differ, receiver's layer l takes the sender's at the same relative depth (the first and the last
// meet), heads are cut or repeated, and so are the dimensions of a head: of K within each of the
// halves that RoPE pairs. Positions stay. K is matched before RoPE, each side with its own theta.
#pragma once

#include "codec/calibration/moments.h"
#include "protocol/base/result.h"

namespace kvferry {

// (x - mean_s) / deviation_s * deviation_r + mean_r, in every layer channel by channel where heads and
// head_dim agree, otherwise with each layer's statistics averaged over its channels. A sender's channel
// that never varied becomes the receiver's mean; values beyond FP16's range become +-65504. Where both
// moments are the same, the cache comes back bit for bit. The error names what does not fit.
[[nodiscard]] Result<KvCache> match_moments(const KvCache& sender_cache, const ModelMoments& sender,
                                            const ModelMoments& receiver);

// The same mapping of shapes without the statistics: what happens without calibration.
[[nodiscard]] Result<KvCache> match_shape(const KvCache& sender_cache, double sender_theta,
                                          KvGeometry receiver, double receiver_theta);

}  // namespace kvferry
