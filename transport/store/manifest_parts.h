// SPDX-License-Identifier: MIT
//
// A manifest as it stands in a pool: its root and its pages, each behind its length in 4 bytes.
#pragma once

#include "protocol/base/varint.h"
#include "protocol/card/manifest.h"

namespace kvferry::store {

void put_part(Bytes& out, ByteView part);
[[nodiscard]] Result<ByteView> take_part(ByteReader& in, const std::string& what, std::uint64_t max_bytes);

void put_manifest(Bytes& out, const Manifest& manifest);
// Every digest is compared, the root's with the card's.
[[nodiscard]] Result<Manifest> take_manifest(ByteReader& in, const Digest& card);

}  // namespace kvferry::store
