// SPDX-License-Identifier: MIT
#include "model/quality.h"

#include <algorithm>
#include <cstdio>

namespace kvferry {
namespace {

constexpr double kFewBits = 4;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

std::string described(const Divergence& measured) {
  return "KL divergence " + number(measured.kl) + " nats and top-1 agreement " + number(measured.top1) +
         " over " + std::to_string(measured.n_tokens) + " tokens";
}

double bits_of(const QuantSpec& spec, double component_bits) {
  return spec.kind == QuantKind::kComponents ? component_bits : spec.bits();
}

// The fewest bits that the preset gives to some numbers; where it only has a mean, that.
double least_bits(const Preset& preset) {
  const auto& quant = preset.quant;
  const auto least =
      std::min(bits_of(quant.key, quant.component_bits), bits_of(quant.value, quant.component_bits));
  switch (preset.allocate.method) {
    case AllocateMethod::kSensitivity:
      return std::min(least, 4.0);
    case AllocateMethod::kTokens:
      return preset.allocate.bits < 16 ? 2 : 16;
    case AllocateMethod::kCacheGen:
      return preset.allocate.level == 1 ? 4 : least;
    case AllocateMethod::kNone:
    case AllocateMethod::kDelay:
      return least;
  }
  return least;
}

}  // namespace

Result<void> check_floor(const std::optional<Divergence>& measured, const QualityFloor& floor) {
  if (!floor.max_kl && !floor.min_top1) return {};
  if (!measured) return Error{"the card was made without a probe, expected one that meets the floor"};
  if (floor.max_kl && !(measured->kl <= *floor.max_kl)) {
    return Error{"the card is below the floor: " + described(*measured) +
                 ", expected a divergence of at most " + number(*floor.max_kl)};
  }
  if (floor.min_top1 && !(measured->top1 >= *floor.min_top1)) {
    return Error{"the card is below the floor: " + described(*measured) +
                 ", expected an agreement of at least " + number(*floor.min_top1)};
  }
  return {};
}

Result<void> check_part(const QualityCurve& curve, std::uint32_t chunks, const QualityFloor& floor) {
  if (!floor.max_kl && !floor.min_top1) return {};
  if (curve.empty()) {
    return Error{
        "a part of a card without a quality curve came, expected one that tells what parts are worth"};
  }
  const std::string came = std::to_string(chunks) + " chunks in order";
  const auto worth = curve.at(chunks);
  if (!worth) {
    return Error{"the part is below the floor: " + came + ", expected the " +
                 std::to_string(curve.points().front().chunks) + " that the card's curve begins with"};
  }
  const std::string below = "the part is below the floor: " + came + " are worth a KL divergence of " +
                            number(worth->kl) + " nats and a top-1 agreement of " + number(worth->top1) +
                            " by the card's curve, expected ";
  if (floor.max_kl && worth->kl > static_cast<float>(*floor.max_kl)) {
    return Error{below + "a divergence of at most " + number(*floor.max_kl)};
  }
  if (floor.min_top1 && worth->top1 < static_cast<float>(*floor.min_top1)) {
    const auto needed = curve.chunks_for(*floor.min_top1);
    return Error{below + "an agreement of at least " + number(*floor.min_top1) +
                 (needed ? ", which " + std::to_string(*needed) + " reach" : ", which none reach")};
  }
  return {};
}

std::optional<std::string> low_bits_warning(const Preset& preset, const Divergence& measured) {
  if (least_bits(preset) > kFewBits) return std::nullopt;
  if (measured.kl <= kBearableKl && measured.top1 >= kBearableTop1) return std::nullopt;
  return "this model does not bear '" + to_string(preset) + "': " + described(measured) +
         ", expected at most " + number(kBearableKl) + " and at least " + number(kBearableTop1);
}

}  // namespace kvferry
