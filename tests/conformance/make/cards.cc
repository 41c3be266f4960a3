// SPDX-License-Identifier: MIT
//
// Manifests, pages and card files.
#include "protocol/card/card_layout.h"
#include "tests/conformance/make/makers.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {

void add_cards(Collection& c) {
  Card card = sample_card(1, 3, 40);
  EncodedManifest encoded = encode_manifest(card.manifest);
  c.accept("manifest", "manifest", "a root of three chunks", encoded.root);
  c.reject("manifest-trailing", "manifest", "a byte after the root", "trailing bytes",
           joined(encoded.root, {0}));
  c.reject("manifest-cut", "manifest", "the last byte is missing", "truncated", without_last(encoded.root));
  Card other = card;
  other.manifest.layer_sets[3] = 2;
  c.reject("manifest-no-such-set", "manifest", "a layer with a position set that does not exist",
           "does not exist", encode_manifest(other.manifest).root);
  other = card;
  other.manifest.calibration = sha256(as_bytes("calibration"));
  other.manifest.summary = "bako lives in north deru .";
  c.accept("manifest-summary", "manifest", "a root with a calibration and a summary",
           encode_manifest(other.manifest).root);
  other.manifest.base = sha256(as_bytes("base"));
  other.manifest.divergence = Divergence{0.01, 0.99, 100};
  c.accept("manifest-delta", "manifest", "a root with a base and a measured quality",
           encode_manifest(other.manifest).root);
  Manifest one = card.manifest;
  one.chunks.resize(1);
  Bytes page = encode_manifest(one).pages[0];
  c.accept("page", "page", "one entry", page);
  ChunkInfo tables;
  tables.size_bytes = 10;
  tables.tensor = TensorPart::kTables;
  c.accept("page-tables", "page", "an entry of tables", serialize_page({&tables, 1}));
  c.reject("page-cut", "page", "the last byte is missing", "malformed", without_last(page));
  c.reject("page-trailing", "page", "a byte after the entry", "bytes after entry", joined(page, {0}));
  Bytes file = card_preamble(encoded);
  for (const Slice& chunk : card.chunks) append(file, chunk.view());
  c.accept("card", "card", "a card of three chunks", file);
  c.reject("card-flipped-payload", "card", "a flipped bit in the last chunk", "chunk 2 has digest",
           with_flip(file, file.size() - 1));
  c.reject("card-flipped-magic", "card", "a flipped bit in the magic", "no card file", with_flip(file, 0));
  c.reject("card-flipped-root", "card", "a flipped bit in the root", "root: damaged", with_flip(file, 60));
  c.reject("card-cut", "card", "the last byte is missing", "end of file", without_last(file));
  c.reject("card-longer", "card", "a byte too many", "end of file", joined(file, {0}));
  c.reject("card-other-version", "card", "version 0", "expected 1", with_flip(file, 8));
}

}  // namespace kvferry::test
