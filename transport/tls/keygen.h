// SPDX-License-Identifier: MIT
//
// Makes identities, and says which key an identity has.
#pragma once

#include "transport/identity.h"

namespace kvferry {

// A fresh Ed25519 key with a certificate that it signed itself.
[[nodiscard]] Identity make_identity();

// The key that peers know it by; the error says that it is of another kind.
[[nodiscard]] Result<PublicKey> public_key_of(const Identity& identity);

// Into a new file that only its owner may read, in a folder that is made if need be. A file that is there
// stays.
[[nodiscard]] Result<void> write_identity(const std::filesystem::path& file, const Identity& identity);

}  // namespace kvferry
