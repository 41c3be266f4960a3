// SPDX-License-Identifier: MIT
#include "transport/quic/gate.h"

#include <algorithm>

#include "transport/quic/session_impl.h"
#include "transport/quic/token_address.h"

namespace kvferry {
namespace {

constexpr std::size_t kMinFirstBytes = 1200;  // RFC 9000 section 14.1
constexpr std::uint64_t kRetryTokenNs = 10'000'000'000;
constexpr std::uint64_t kTokenNs = 86'400'000'000'000;

QuicGate::Decision answer(Bytes bytes, ngtcp2_ssize written) {
  if (written <= 0) return {};
  bytes.resize(static_cast<std::size_t>(written));
  return {QuicGate::Verdict::kAnswer, {}, std::move(bytes)};
}

QuicGate::Decision versions(const ngtcp2_version_cid& head, std::uint8_t random) {
  const std::uint32_t known[] = {NGTCP2_PROTO_VER_V1};
  Bytes out(kMinFirstBytes);
  const ngtcp2_ssize written = ngtcp2_pkt_write_version_negotiation(
      out.data(), out.size(), random, head.scid, head.scidlen, head.dcid, head.dcidlen, known, 1);
  return answer(std::move(out), written);
}

QuicGate::Decision retry(const ngtcp2_pkt_hd& head, const QuicSecret& secret,
                         const quic::TokenAddress& address, RandomSource& random, Time now) {
  ngtcp2_cid id{};
  id.datalen = QuicId::kOurBytes;
  random.fill({id.data, id.datalen});
  Bytes token(NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN);
  const ngtcp2_ssize size = ngtcp2_crypto_generate_retry_token(
      token.data(), secret.data(), secret.size(), head.version, address.get(),
      quic::TokenAddress::size_bytes(), &id, &head.dcid, quic::timestamp(now));
  if (size < 0) return {};
  Bytes out(kMinFirstBytes);
  const ngtcp2_ssize written =
      ngtcp2_crypto_write_retry(out.data(), out.size(), head.version, &head.scid, &id, &head.dcid,
                                token.data(), static_cast<std::size_t>(size));
  return answer(std::move(out), written);
}

// Whether a token from NEW_TOKEN proves the address.
bool proves(ByteView token, const QuicSecret& secret, const quic::TokenAddress& address, Time now) {
  return !token.empty() && token[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_REGULAR &&
         ngtcp2_crypto_verify_regular_token(token.data(), token.size(), secret.data(), secret.size(),
                                            address.get(), quic::TokenAddress::size_bytes(), kTokenNs,
                                            quic::timestamp(now)) == 0;
}

// The destination before our Retry, if the token is of one; nothing if it is forged or too old.
std::optional<QuicId> before_retry(const ngtcp2_pkt_hd& head, ByteView token, const QuicSecret& secret,
                                   const quic::TokenAddress& address, Time now) {
  ngtcp2_cid original;
  if (ngtcp2_crypto_verify_retry_token(&original, token.data(), token.size(), secret.data(), secret.size(),
                                       head.version, address.get(), quic::TokenAddress::size_bytes(),
                                       &head.dcid, kRetryTokenNs, quic::timestamp(now)) != 0)
    return std::nullopt;
  return QuicId::of({original.data, original.datalen});
}

}  // namespace

std::optional<QuicId> quic_destination(ByteView datagram) {
  if (datagram.empty()) return std::nullopt;  // the library asserts it
  ngtcp2_version_cid head;
  const int code = ngtcp2_pkt_decode_version_cid(&head, datagram.data(), datagram.size(), QuicId::kOurBytes);
  if ((code != 0 && code != NGTCP2_ERR_VERSION_NEGOTIATION) || head.dcidlen > QuicId::kMaxBytes)
    return std::nullopt;
  return QuicId::of({head.dcid, head.dcidlen});
}

QuicGate::Decision QuicGate::judge(Time now, ByteView datagram, ByteView address_bytes, bool under_load) {
  if (datagram.empty()) return {};
  ngtcp2_version_cid versioned;
  const int code =
      ngtcp2_pkt_decode_version_cid(&versioned, datagram.data(), datagram.size(), QuicId::kOurBytes);
  if (code == NGTCP2_ERR_VERSION_NEGOTIATION && datagram.size() >= kMinFirstBytes) {
    std::uint8_t random = 0;
    random_.fill({&random, 1});
    return versions(versioned, random);
  }
  if (code != 0) return {};
  if (versioned.version == 0) return reset(datagram, QuicId::of({versioned.dcid, versioned.dcidlen}));
  ngtcp2_pkt_hd head{};
  if (datagram.size() < kMinFirstBytes || ngtcp2_accept(&head, datagram.data(), datagram.size()) != 0)
    return {};
  const quic::TokenAddress address(address_bytes);
  const ByteView token = quic::token_of(head);
  Decision open{
      Verdict::kOpen, {head.version, {}, {}, {}, {}, {address_bytes.begin(), address_bytes.end()}}, {}};
  open.opening.peer = QuicId::of({head.scid.data, head.scid.datalen});
  open.opening.destination = QuicId::of({head.dcid.data, head.dcid.datalen});
  if (!token.empty() && token[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY) {
    open.opening.original = before_retry(head, token, secret_, address, now);
    if (!open.opening.original) return {};
    open.opening.token.assign(token.begin(), token.end());
    return open;
  }
  if (proves(token, secret_, address, now)) {
    open.opening.token.assign(token.begin(), token.end());
    return open;
  }
  return under_load ? retry(head, secret_, address, random_, now) : open;
}

// Smaller than what it answers, so that two that have forgotten each other fall silent.
QuicGate::Decision QuicGate::reset(ByteView datagram, const QuicId& destination) {
  constexpr std::size_t kLeast = NGTCP2_MIN_STATELESS_RESET_RANDLEN + NGTCP2_STATELESS_RESET_TOKENLEN;
  constexpr std::size_t kUsual = 41;
  const std::size_t size_bytes = std::min(kUsual, datagram.empty() ? 0 : datagram.size() - 1);
  if (size_bytes < kLeast) return {};
  ngtcp2_cid id;
  ngtcp2_cid_init(&id, destination.bytes.data(), destination.size_bytes);
  std::uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN];
  if (ngtcp2_crypto_generate_stateless_reset_token(token, secret_.data(), secret_.size(), &id) != 0)
    return {};
  Bytes random(size_bytes - sizeof token);
  random_.fill(random);
  Bytes out(size_bytes);
  const ngtcp2_ssize written =
      ngtcp2_pkt_write_stateless_reset(out.data(), out.size(), token, random.data(), random.size());
  return answer(std::move(out), written);
}

}  // namespace kvferry
