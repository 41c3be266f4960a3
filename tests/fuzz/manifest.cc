// SPDX-License-Identifier: MIT
//
// The beginning of a card, digests put right: a manifest that is accepted is valid, and only the
// bytes that it encodes to are.
#include <algorithm>

#include "tests/fuzz/repair.h"
#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

// The root and the pages, one after the other, that a card file begins with.
static Result<Manifest> assemble(ByteView file) {
  ByteReader in(file);
  if (!in.take(fuzz::kRootAt)) return Error{"cut"};
  const auto root = fuzz::take_part(in);
  if (!root) return Error{"cut"};
  auto assembler = ManifestAssembler::from_root(*root, {});
  if (!assembler) return assembler.error();
  for (std::size_t i = 0; i < assembler->page_count(); ++i) {
    const auto page = fuzz::take_part(in);
    if (!page) return Error{"cut"};
    if (auto added = assembler->add_page(i, *page); !added) return added.error();
  }
  if (!in.at_end()) return Error{"bytes after the pages"};
  return assembler->take();
}

FUZZ_TARGET(manifest) {
  const Bytes file = fuzz::with_right_digests(input);
  const auto manifest = assemble(file);
  if (!manifest) return;
  fuzz::require(manifest->validate().ok(), "what is accepted is valid");
  const ByteView parts = ByteView(file).subspan(fuzz::kRootAt);
  const Bytes again = card_preamble(encode_manifest(*manifest));
  const ByteView parts_again = ByteView(again).subspan(fuzz::kRootAt);
  fuzz::require(std::ranges::equal(parts_again, parts), "encoded again, the same bytes");
}
