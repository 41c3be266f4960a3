// SPDX-License-Identifier: MIT
#include "codec/update.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "codec/select/select.h"

namespace kvferry {
namespace {

// Rows [begin, end) of the cache now are encoded; those before are the card's first ones, those after its
// last ones.
struct Seam {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t rows_before = 0;  // of the card before
  std::uint32_t rows_now = 0;

  [[nodiscard]] std::uint32_t suffix_begin() const { return rows_before - (rows_now - end); }
};

Result<void> check_card(const Card& before, const KvCache& now, const EncodeOptions& options) {
  const Manifest& manifest = before.manifest;
  if (manifest.preset != to_string(options.preset))
    return Error{"the card before is of preset '" + manifest.preset + "', expected '" +
                 to_string(options.preset) + "'"};
  if (const auto difference = mismatch(manifest.model, options.model)) return Error{*difference};
  const auto digest =
      options.preset.needs_calibration() ? std::optional(options.calibration->digest) : std::nullopt;
  if (manifest.calibration != digest) return Error{"the card before has another calibration"};
  if (!manifest.chunks.empty() && manifest.chunks.front().tensor == TensorPart::kTables)
    return Error{"the preset's chunks need tables of the card, expected chunks that stand alone"};
  const auto tokens = static_cast<std::uint32_t>(manifest.token_count);
  if (manifest.position_sets.size() != 1 || manifest.position_sets[0] != PositionSet::all(tokens))
    return Error{"the card before leaves tokens out, expected all of them"};
  for (std::uint32_t layer = 0; layer < now.geometry().layers; ++layer) {
    if (now.rows(layer) != now.token_count())
      return Error{"layer " + std::to_string(layer) + " has " + std::to_string(now.rows(layer)) +
                   " rows, expected all " + std::to_string(now.token_count())};
  }
  return {};
}

Result<void> check_reuse(const Reuse& reuse, const Seam& seam, const Preset& preset) {
  const std::uint64_t shared = std::uint64_t{reuse.prefix} + reuse.suffix;
  if (shared > std::min(seam.rows_before, seam.rows_now))
    return Error{"prefix and suffix have " + std::to_string(shared) + " tokens, the documents " +
                 std::to_string(seam.rows_before) + " and " + std::to_string(seam.rows_now)};
  if (reuse.suffix > 0 && seam.rows_before != seam.rows_now && !preset.transform.undo_rope)
    return Error{
        "the preset holds K after RoPE, which turns with its place; expected one with transform=rope"};
  return {};
}

// Where whole chunks of the card begin and end that hold. At least one row is left to encode.
Seam seam_of(const Card& before, const KvCache& now, const Reuse& reuse) {
  Seam seam;
  seam.rows_before = static_cast<std::uint32_t>(before.manifest.token_count);
  seam.rows_now = now.token_count();
  const std::uint32_t prefix = std::min(reuse.prefix, seam.rows_now - 1);
  const std::uint32_t suffix = std::min(reuse.suffix, seam.rows_now - 1 - prefix);
  std::uint32_t suffix_rows = 0;
  for (const ChunkInfo& chunk : before.manifest.chunks) {
    const std::uint32_t end = chunk.row_begin + chunk.row_count;
    if (end <= prefix) seam.begin = std::max(seam.begin, end);
    if (chunk.row_begin >= seam.rows_before - suffix)
      suffix_rows = std::max(suffix_rows, seam.rows_before - chunk.row_begin);
  }
  seam.end = seam.rows_now - suffix_rows;
  return seam;
}

Result<Card> encode_rest(const KvCache& now, const Seam& seam, EncodeOptions options) {
  std::vector<std::uint32_t> rows(seam.end - seam.begin);
  std::iota(rows.begin(), rows.end(), seam.begin);
  const auto rest = keep_rows(now, rows);
  if (!rest) return rest.error();
  options.probe = nullptr;
  return encode(*rest, options);
}

struct Piece {
  ChunkInfo info;
  Slice payload;
};

std::vector<Piece> pieces_of(const Card& before, const Card& rest, const Seam& seam, UpdateStats& stats) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < before.chunks.size(); ++i) {
    ChunkInfo info = before.manifest.chunks[i];
    const bool is_prefix = info.row_begin + info.row_count <= seam.begin;
    if (!is_prefix && info.row_begin < seam.suffix_begin()) continue;
    if (!is_prefix) info.row_begin += seam.end - seam.suffix_begin();
    stats.reused_bytes += info.size_bytes;
    pieces.push_back({info, before.chunks[i]});
  }
  for (std::size_t i = 0; i < rest.chunks.size(); ++i) {
    ChunkInfo info = rest.manifest.chunks[i];
    info.row_begin += seam.begin;
    stats.encoded_bytes += info.size_bytes;
    pieces.push_back({info, rest.chunks[i]});
  }
  return pieces;
}

// As plan_chunks() orders a whole card without scores. A progressive card's chunks keep what their bits are
// worth.
void order(std::vector<Piece>& pieces, bool is_progressive, std::uint32_t rows) {
  for (Piece& piece : pieces) {
    if (!is_progressive)
      piece.info.importance = static_cast<float>(rows - piece.info.row_begin) / static_cast<float>(rows);
  }
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
    return std::tuple(-a.info.importance, a.info.row_begin, a.info.layer_begin, a.info.level) <
           std::tuple(-b.info.importance, b.info.row_begin, b.info.layer_begin, b.info.level);
  });
}

Card join(std::vector<Piece> pieces, Manifest manifest, std::uint32_t rows) {
  Card card;
  card.manifest = std::move(manifest);
  card.manifest.chunks.clear();
  card.manifest.position_sets = {PositionSet::all(rows)};
  card.manifest.layer_sets.assign(card.manifest.model.layers, 0);
  for (Piece& piece : pieces) {
    card.manifest.chunks.push_back(piece.info);
    card.chunks.push_back(std::move(piece.payload));
  }
  return card;
}

Result<Card> make_update(const Card& before, const KvCache& now, const Reuse& reuse,
                         const EncodeOptions& options, UpdateStats& stats) {
  if (auto fits = check_card(before, now, options); !fits) return fits.error();
  const Seam seam = seam_of(before, now, reuse);
  if (auto fits = check_reuse(reuse, seam, options.preset); !fits) return fits.error();
  const auto rest = encode_rest(now, seam, options);
  if (!rest) return rest.error();
  stats.rows_encoded = seam.end - seam.begin;
  stats.rows_reused = seam.rows_now - stats.rows_encoded;
  auto pieces = pieces_of(before, *rest, seam, stats);
  order(pieces, options.preset.is_progressive(), seam.rows_now);
  Card card = join(std::move(pieces), rest->manifest, seam.rows_now);
  if (auto valid = card.manifest.validate(); !valid) return valid.error();
  return card;
}

// At the beginning.
std::uint32_t equal_rows(std::span<const std::uint16_t> a, std::span<const std::uint16_t> b,
                         const KvGeometry& geometry) {
  const auto differ = std::ranges::mismatch(a, b);
  return static_cast<std::uint32_t>(static_cast<std::size_t>(differ.in1 - a.begin()) / geometry.channels());
}

}  // namespace

Reuse common_ends(std::span<const std::int64_t> before, std::span<const std::int64_t> now) {
  const std::size_t least = std::min(before.size(), now.size());
  const auto differ =
      std::mismatch(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(least), now.begin());
  const auto prefix = static_cast<std::size_t>(differ.first - before.begin());
  std::size_t suffix = 0;
  while (suffix < least - prefix && before[before.size() - 1 - suffix] == now[now.size() - 1 - suffix])
    ++suffix;
  return {static_cast<std::uint32_t>(prefix), static_cast<std::uint32_t>(suffix)};
}

Reuse common_rows(const KvCache& before, const KvCache& now) {
  if (before.geometry() != now.geometry()) return {};
  std::uint32_t prefix = std::min(before.token_count(), now.token_count());
  for (std::uint32_t layer = 0; layer < now.geometry().layers; ++layer) {
    if (before.rows(layer) != before.token_count() || now.rows(layer) != now.token_count()) return {};
    prefix = std::min({prefix, equal_rows(before.key_data(layer), now.key_data(layer), now.geometry()),
                       equal_rows(before.value_data(layer), now.value_data(layer), now.geometry())});
  }
  return {prefix, 0};
}

Result<Card> encode_update(const Card& before, const KvCache& now, const Reuse& reuse,
                           const EncodeOptions& options, UpdateStats* stats) {
  UpdateStats counted;
  auto card = make_update(before, now, reuse, options, counted);
  if (!card) return card.error().in("update");
  if (stats != nullptr) *stats = counted;
  return card;
}

}  // namespace kvferry
