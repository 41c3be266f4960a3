// SPDX-License-Identifier: MIT
//
// Owners of OpenSSL's objects, and its errors as text.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace kvferry::openssl {

template <auto function>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    (void)function(object);
  }
};

using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

// The first of the errors that wait on this thread, which it clears; `otherwise` if there is none.
[[nodiscard]] inline std::string take_error(const std::string& otherwise) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason ? reason : otherwise;
}

// To read PEM from.
[[nodiscard]] inline Bio bio_of(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace kvferry::openssl
