// SPDX-License-Identifier: MIT
//
// make_corpus FOLDER writes what the fuzzers begin with, made by the encoders: FOLDER/TARGET/NAME.
#include <iostream>
#include <string>

#include "codec/entropy/entropy.h"
#include "codec/entropy/rans.h"
#include "codec/entropy/rans_adaptive.h"
#include "codec/preset.h"
#include "protocol/card/card_layout.h"
#include "protocol/datagram/repair_encoder.h"
#include "tests/codec/symbols.h"
#include "tests/fuzz/protocol_corpus.h"
#include "tests/fuzz/sample_cards.h"

namespace kvferry::fuzz {
namespace {

void add_presets(const Corpus& corpus) {
  for (const NamedPreset& named : named_presets()) {
    corpus.add("preset", std::string(named.name), as_bytes(named.pipeline));
  }
}

void add_cards(const Corpus& corpus) {
  const auto& cards = sample_cards();
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const std::string name = "sample" + std::to_string(i);
    Bytes file = card_preamble(encode_manifest(cards[i].manifest));
    corpus.add("manifest", name, file);
    for (const Slice& chunk : cards[i].chunks) append(file, chunk.view());
    corpus.add("card_file", name, file);
    for (std::size_t chunk = 0; chunk < cards[i].chunks.size(); ++chunk) {
      Bytes input = {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(chunk)};
      append(input, cards[i].chunks[chunk].view());
      corpus.add("chunk", name + "-" + std::to_string(chunk), input);
    }
  }
  Manifest curved = cards.back().manifest;
  curved.curve = *QualityCurve::from_points({{1, 2.5F, 0.5F}, {2, 0.01F, 1}});
  corpus.add("manifest", "curve", card_preamble(encode_manifest(curved)));
  corpus.add("calibration", "sample", sample_calibration()->calibration.serialize());
  corpus.add("moments", "zeros", Bytes(64, 0));
}

void add_symbols(const Corpus& corpus, std::size_t alphabet, std::size_t contexts, std::size_t rows) {
  constexpr std::size_t kColumns = 16;
  const testing::Symbols symbols = testing::laplace_symbols(rows, kColumns, alphabet);
  const std::string name =
      std::to_string(rows) + "x" + std::to_string(contexts) + "x" + std::to_string(alphabet);
  SymbolCounts counts(contexts, alphabet);
  counts.add(symbols, kColumns);
  const SymbolModel model = SymbolModel::from_counts(counts);
  Bytes table;
  model.serialize(table);
  corpus.add("symbol_model", name, table);

  Bytes coded;
  put_le(coded, static_cast<std::uint32_t>(symbols.size()));
  append(coded, table);
  RansEncoder(model).encode(symbols, kColumns, coded);
  corpus.add("rans_static", name, coded);

  Bytes adaptive = {static_cast<std::uint8_t>(alphabet - 1), kColumns - 1};
  put_le(adaptive, static_cast<std::uint16_t>(symbols.size()));
  rans_encode_adaptive(alphabet, symbols, kColumns, adaptive);
  if (symbols.size() < 1000) corpus.add("rans_adaptive", name, adaptive);

  Bytes zstd = {static_cast<std::uint8_t>(EntropyCoder::kZstd)};
  put_le(zstd, static_cast<std::uint16_t>(symbols.size()));
  EntropyEncoder encoder({EntropyCoder::kZstd, 3});
  zstd[0] = static_cast<std::uint8_t>(encoder.append(symbols, zstd));
  corpus.add("entropy", name, zstd);
}

void add_arrival(Bytes& arrivals, std::uint8_t tag, ByteView bytes) {
  arrivals.push_back(tag);
  put_le(arrivals, static_cast<std::uint16_t>(bytes.size()));
  append(arrivals, bytes);
}

// A block of eight packets, of which two are lost.
void add_repair(const Corpus& corpus) {
  RepairEncoder encoder;
  Bytes arrivals;
  for (std::uint8_t i = 0; i < 8; ++i) {
    const Bytes frames(10 + 7 * std::size_t{i}, i);
    encoder.add(1 + i, frames);
    if (i % 5 != 2) add_arrival(arrivals, i == 3 ? 4 : 2, frames);  // even: numbers since the last, twice
  }
  for (const RepairFrame& frame : encoder.close(3)) {
    Bytes body;
    frame.serialize(body);
    add_arrival(arrivals, 1, body);
  }
  corpus.add("repair_frame", "two-of-eight-lost", arrivals);
}

}  // namespace

static void make_corpus(const Corpus& corpus) {
  add_presets(corpus);
  add_cards(corpus);
  add_symbols(corpus, 2, 1, 4);
  add_symbols(corpus, 16, 16, 12);
  add_symbols(corpus, 256, 1, 3);
  add_symbols(corpus, 3, 16, 520);
  add_repair(corpus);
  add_protocol(corpus);
}

}  // namespace kvferry::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_corpus FOLDER\n";
    return 2;
  }
  kvferry::fuzz::make_corpus(kvferry::fuzz::Corpus(argv[1]));
  return 0;
}
