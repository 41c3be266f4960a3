// SPDX-License-Identifier: MIT
#include "scenarios/report.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace kvferry {
namespace {

struct NamedCount {
  const char* name;
  std::uint64_t bytes;
};

std::array<NamedCount, 6> classes_of(const ByteClasses& wire) {
  return {{{"payload", wire.payload},
           {"framing", wire.framing},
           {"signalling", wire.signalling},
           {"acks", wire.acks},
           {"retransmitted", wire.retransmitted},
           {"fec", wire.fec}}};
}

std::string with_unit(double value, const char* unit) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.3g %s", value, unit);
  return text.data();
}

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
  const auto value = static_cast<double>(bytes);
  if (value < 999.5e3) return with_unit(value / 1e3, "kB");
  if (value < 999.5e6) return with_unit(value / 1e6, "MB");
  if (value < 999.5e9) return with_unit(value / 1e9, "GB");
  return with_unit(value / 1e12, "TB");
}

std::string duration_text(Duration duration) {
  const double seconds = to_seconds(duration);
  if (seconds < 999.5e-6) return with_unit(seconds * 1e6, "µs");
  if (seconds < 999.5e-3) return with_unit(seconds * 1e3, "ms");
  return with_unit(seconds, "s");
}

std::string number_text(double value) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), std::abs(value) >= 1e4 && std::abs(value) < 1e15 ? "%.0f" : "%.4g",
                value);
  return text.data();
}

std::string count_text(std::uint64_t count, const char* thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

ByteClasses on_the_wire(const Ledger& ledger) {
  const ByteClasses &out = ledger.sent, &in = ledger.received;
  return {out.payload + in.payload,
          out.framing + in.framing,
          out.signalling + in.signalling,
          out.acks + in.acks,
          out.retransmitted + in.retransmitted,
          out.fec + in.fec};
}

std::string wire_text(const ByteClasses& wire) {
  std::string text = bytes_text(wire.total()) + ":";
  const char* separator = " ";
  for (const NamedCount& each : classes_of(wire)) {
    if (each.bytes == 0) continue;
    text += separator + std::string(each.name) + " " + bytes_text(each.bytes);
    separator = ", ";
  }
  return text;
}

nlohmann::ordered_json wire_json(const ByteClasses& wire) {
  nlohmann::ordered_json json;
  for (const NamedCount& each : classes_of(wire)) json[each.name] = each.bytes;
  json["total"] = wire.total();
  return json;
}

}  // namespace kvferry
