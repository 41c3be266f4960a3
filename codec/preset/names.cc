// SPDX-License-Identifier: MIT
//
// Presets by name: plain ones, the papers', and our own.
#include <array>

#include "codec/preset.h"

namespace kvferry {
namespace {

constexpr std::array<NamedPreset, 17> kNamedPresets = {{
    {"fp16", "select=full | quant=fp16 | entropy=none", "the cache as the model holds it"},
    {"int8", "select=full | quant=int8 | entropy=zstd",
     "group quantization: K per channel, V per token (KIVI)"},
    {"int4", "select=full | quant=int4 | entropy=zstd", "as int8"},
    {"int2", "select=full | quant=int2 | entropy=zstd", "as int8"},
    {"qkvcomm",
     "select=full | layers=hybrid:0.7 | quant=int4:tensor | allocate=sensitivity | facts=64 | entropy=none",
     "Q-KVComm (2512.17914): 70 % of the layers by hybrid score, 8/6/4 bits by sensitivity, facts"},
    {"qkvshare", "select=full | quant=int4:group/int4 | allocate=tokens:4:attention | entropy=none",
     "QKVShare: bits of each token by attention, a mean of 4"},
    {"polykv", "select=full | quant=q8_0/fwht3 | entropy=none",
     "PolyKV: K in q8_0, V by signs, Walsh-Hadamard and 3 bits of Lloyd-Max (TurboQuant)"},
    {"task-aware", "select=q2c:0.75 | quant=int4 | entropy=none",
     "task-aware compression: q2c 75 % and INT4, 18.75 % of the bandwidth"},
    {"cachegen-1", "select=full | quant=bins16:token | allocate=cachegen:1 | entropy=rans:card",
     "CacheGen as released, smallest: K 16/16/12 bins by layer group, V 16/12; no delta coding"},
    {"cachegen-2", "select=full | quant=bins16:token | allocate=cachegen:2 | entropy=rans:card",
     "CacheGen as released, its default (also `cachegen`): K 32/16/16 bins, V 32/16"},
    {"cachegen-3", "select=full | quant=bins32:token | allocate=cachegen:3 | entropy=rans:card",
     "CacheGen as released, largest: 32 bins everywhere"},
    {"kvtc",
     "select=full | protect=first=4:recent=128:fp16 | transform=rope+pca | quant=pca:1 | entropy=zstd",
     "KVTC (2511.01815) at 16x: PCA before RoPE, bits by dynamic programming, 4 sinks and 128 recent raw"},
    {"ferry-4", "select=full | transform=rope | quant=int4 | entropy=rans:static",
     "ours: K by channel before RoPE (KVQuant), calibrated tables"},
    {"ferry-fine", "select=full | transform=rope+pca | quant=int6:sym:tensor | entropy=rans:static",
     "ours: as ferry, a finer step"},
    {"ferry", "select=full | transform=rope+pca | quant=int5:sym:tensor | entropy=rans:static",
     "ours: principal components, one step for all of them, calibrated tables: entropy coding allocates the "
     "bits"},
    {"ferry-coarse", "select=full | transform=rope+pca | quant=int4:sym:tensor | entropy=rans:static",
     "ours: as ferry, a coarser step"},
    {"progressive",
     "select=full | transform=rope+metric | quant=planes:16 | allocate=delay:templates | "
     "entropy=rans:context",
     "ours: bit planes in the metric of the answers, the most useful first: every prefix is a cache"},
}};

}  // namespace

std::span<const NamedPreset> named_presets() { return kNamedPresets; }

}  // namespace kvferry
