// SPDX-License-Identifier: MIT
//
// Tables of the codec's stages.
#include <array>
#include <string>
#include <string_view>

#include "scenarios/lab/tables/rows.h"

namespace kvferry {

namespace {

constexpr std::array kRetentions = {0.75, 0.5, 0.25, 0.125};

}  // namespace

Rows selection_table(const TableSubject&) {
  auto out = begin(1);
  for (const char* method : {"q2c", "union", "templates", "snapkv", "h2o", "streaming", "random"}) {
    for (const double share : kRetentions) {
      add(out, method, percent(share), share, selection(method, share));
    }
  }
  return out;
}

Rows bits_table(const TableSubject&) {
  auto out = begin(16);
  const auto bits_of = [](int bits) { return "int" + std::to_string(bits); };
  for (int bits = 8; bits >= 1; --bits) {
    const auto label = std::to_string(bits) + " bits";
    add(out, "asymmetric", label, bits, "quant=" + bits_of(bits));
    add(out, "symmetric", label, bits, "quant=" + bits_of(bits) + ":sym");
  }
  add(out, "q8_0", "8 bits", 8, "quant=q8_0");
  for (const char* along : {"tensor", "channel", "token", "group"}) {
    add(out, std::string("along ") + along, "4 bits", 4, std::string("quant=int4:") + along);
    add(out, std::string("along ") + along, "4 bits, symmetric", 4, std::string("quant=int4:sym:") + along);
  }
  return out;
}

// Effective bandwidth is the share of rows times bits over 16, scales left out.
Rows bandwidth_table(const TableSubject&) {
  auto out = begin(1);
  const auto add_point = [&](const std::string& method, const std::string& series, double share, int bits) {
    add(out, series, percent(share) + " of rows, " + std::to_string(bits) + " bits", share * bits / 16,
        selection(method, share) + " | quant=int" + std::to_string(bits));
  };
  for (const char* method : {"q2c", "snapkv"}) {
    for (const int bits : {4, 8}) {
      const auto series = std::string(method) + ", " + std::to_string(bits) + " bits";
      for (const double share : {0.25, 0.5, 0.75}) add_point(method, series, share, bits);
    }
  }
  for (const int bits : {1, 2, 3, 4, 6}) add_point("full", "every row", 1, bits);
  return out;
}

Rows svd_table(const TableSubject& subject) {
  auto out = begin(static_cast<double>(subject.channels));
  for (const int rank : {128, 64, 32, 16, 8, 4}) {
    const auto text = std::to_string(rank);
    add(out, "svd", "rank " + text, rank, "transform=svd:" + text);
    add(out, "svd before RoPE", "rank " + text, rank, "transform=rope+svd:" + text);
  }
  for (const double share : {0.5, 0.25}) {
    for (const int rank : {64, 32, 16}) {
      const auto text = std::to_string(rank);
      add(out, "q2c " + percent(share), "rank " + text, rank,
          selection("q2c", share) + " | transform=svd:" + text);
    }
  }
  return out;
}

Rows presets_table(const TableSubject&) {
  Rows out;
  for (const auto& preset : named_presets()) {
    add(out, "named", std::string(preset.name), 0, std::string(preset.name));
  }
  static constexpr std::array kSweep = {
      "quant=int6 | entropy=zstd",
      "quant=int5 | entropy=rans:card",
      "quant=int4 | entropy=rans:card",
      "transform=rope | quant=int4 | entropy=rans:card",
      "transform=rope | quant=int4 | entropy=rans:static",
      "transform=rope | quant=int4/int3 | entropy=rans:static",
      "transform=rope | quant=int3 | entropy=rans:static",
      "transform=rope | quant=int3/int2 | entropy=rans:static",
      "transform=rope | quant=int2 | entropy=rans:static",
      "protect=first=4:recent=64:fp16 | transform=rope | quant=int3 | entropy=rans:static",
      "quant=q8_0/fwht2 | entropy=zstd",
      "transform=rope | quant=int4/fwht3 | entropy=rans:static",
      "transform=rope | quant=int3/fwht2 | entropy=rans:static",
      "transform=rope | quant=fwht4 | entropy=rans:static",
      "transform=rope | quant=fwht3 | entropy=rans:static",
      "transform=rope+pca | quant=pca:4 | entropy=zstd",
      "transform=rope+pca | quant=pca:2 | entropy=zstd",
      "transform=rope+pca | quant=pca:1.5 | entropy=zstd",
      "transform=rope+pca | quant=pca:1 | entropy=zstd",
      "transform=rope+pca | quant=pca:0.5 | entropy=zstd",
      "select=q2c:0.5 | transform=rope+pca | quant=pca:1.5 | entropy=zstd",
      "transform=rope+pca | quant=bins8:tensor | entropy=rans:static",
      "transform=rope+pca | quant=bins16:tensor | entropy=rans:adaptive",
      "transform=rope+pca | quant=bins32:tensor | entropy=rans:adaptive",
      "transform=rope | quant=bins16:token | entropy=rans:adaptive",
      "transform=rope | quant=int4 | entropy=rans:adaptive",
      "select=templates:0.75 | transform=rope | quant=int4 | entropy=rans:static",
      "select=templates:0.5 | transform=rope | quant=int4 | entropy=rans:static",
      "select=snapkv:0.75 | transform=rope | quant=int4 | entropy=rans:static",
      "select=q2c:0.5 | transform=rope | quant=int4 | entropy=rans:static",
      "select=q2c:0.25 | transform=rope | quant=int4 | entropy=rans:static",
      "select=q2c:0.25 | transform=rope | quant=int3 | entropy=rans:static",
      "select=q2c:0.125 | transform=rope | quant=int4 | entropy=rans:static",
  };
  for (const char* pipeline : kSweep) add(out, "sweep", pipeline, 0, pipeline);
  return out;
}

Rows allocation_table(const TableSubject&) {
  auto out = begin(16);
  for (const char* weight : {"attention", "position", "random", "uniform"}) {
    for (const double bits : {6.0, 5.0, 4.0, 3.0, 2.5}) {
      add(out, weight, number(bits) + " bits", bits,
          "quant=int4:group | allocate=tokens:" + number(bits) + ":" + weight);
    }
  }
  return out;
}

Rows layers_table(const TableSubject&) {
  auto out = begin(1);
  add(out, "ratio 0.7", "Gaussian only", 0, "layers=gaussian:0.7");
  for (const double alpha : {0.25, 0.5, 0.75}) {
    add(out, "ratio 0.7", "hybrid, alpha " + number(alpha), alpha,
        "layers=hybrid:0.7:alpha=" + number(alpha));
  }
  add(out, "ratio 0.7", "attention only", 1, "layers=attention:0.7");
  return out;
}

}  // namespace kvferry
