// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/bench/loopback.h"

#include <thread>

#include "protocol/base/rng.h"
#include "protocol/card/card.h"
#include "scenarios/card_giver.h"
#include "transport/fetch.h"
#include "transport/quic_server.h"
#include "transport/tcp_server.h"
#include "transport/tls/keygen.h"
#include "transport/udp_server.h"

namespace kvferry::bench {
namespace {

constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::size_t kStepBytes = 4096;  // from one chunk's beginning to the next one's

// Chunks overlap in memory, so that a large card takes little of it.
Card card_of(std::uint64_t bytes, bool digests) {
  const auto count = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, bytes / kChunkBytes));
  Bytes memory(kChunkBytes + count * kStepBytes);
  Rng rng(1);
  for (auto& byte : memory) byte = static_cast<std::uint8_t>(rng.next());
  const Slice all(std::move(memory));
  Card card;
  Manifest& manifest = card.manifest;
  manifest.model = {"LlamaForCausalLM", 1, 1, 64, 10000, true, ElementType::kF16, {}, {}};
  manifest.token_count = 64;
  manifest.position_sets = {PositionSet::all(64)};
  manifest.layer_sets = {0};
  manifest.preset = "select=full | quant=fp16 | entropy=none";
  manifest.raw_bytes = 64 * manifest.model.fp16_bytes_per_token();
  for (std::uint32_t i = 0; i < count; ++i) {
    const Slice chunk = all.part(i * kStepBytes, kChunkBytes);
    ChunkInfo info;
    info.layer_count = 1;
    info.row_count = 64;
    info.size_bytes = kChunkBytes;
    info.digest = digests ? sha256(chunk.view()) : Digest{};
    info.digest.bytes[0] = digests ? info.digest.bytes[0] : static_cast<std::uint8_t>(i);
    manifest.chunks.push_back(info);
    card.chunks.push_back(chunk);
  }
  return card;
}

class Nowhere final : public ChunkSink {
 public:
  Result<void> begin(const Manifest&) override { return {}; }
  Result<void> chunk(std::uint32_t, Slice) override { return {}; }
  Result<void> finish(bool) override { return {}; }
  void abandon(const std::string&) override {}
};

// What two ends that believe each other need, by transport.
struct Ends {
  std::shared_ptr<const TlsContext> server_tls, client_tls;
  std::shared_ptr<const QuicCredentials> server_quic, client_quic;
};

Ends make_ends(TransportKind transport) {
  const Identity alice = make_identity(), bob = make_identity();
  const PeerTrust in_alice{{*public_key_of(alice)}, {}, {}}, in_bob{{*public_key_of(bob)}, {}, {}};
  Ends ends;
  if (transport == TransportKind::kTls) {
    ends.server_tls = TlsContext::make(Role::kServer, bob, in_alice).value();
    ends.client_tls = TlsContext::make(Role::kClient, alice, in_bob).value();
  }
  if (transport == TransportKind::kQuic) {
    ends.server_quic = QuicCredentials::load(bob, in_alice).value();
    ends.client_quic = QuicCredentials::load(alice, in_bob).value();
  }
  return ends;
}

Result<std::unique_ptr<Server>> serve(TransportKind transport, const Ends& ends,
                                      const Server::MakeHandler& make_handler) {
  const auto as_server = [](auto server) -> Result<std::unique_ptr<Server>> {
    if (!server) return server.error();
    return std::unique_ptr<Server>(std::move(*server));
  };
  if (transport == TransportKind::kUdp) return as_server(UdpServer::listen(UdpServerOptions(), make_handler));
  if (transport == TransportKind::kQuic) {
    QuicServerOptions options;
    options.quic.credentials = ends.server_quic;
    return as_server(QuicServer::listen(options, make_handler));
  }
  TcpServerOptions options;
  options.tcp.tls = ends.server_tls;
  return as_server(TcpServer::listen(options, make_handler));
}

}  // namespace

Result<double> loopback_rate(const LoopbackOptions& options) {
  const auto card = std::make_shared<const Card>(card_of(options.bytes, options.digests));
  const Ends ends = make_ends(options.transport);
  const auto server = serve(options.transport, ends, [&] {
    return std::make_unique<CardGiver>(Giving{
        as_sources([&](const RequestOptions&) -> Result<std::shared_ptr<const Card>> { return card; })});
  });
  if (!server) return server.error();
  std::thread serving([&] { (*server)->run(); });
  FetchOptions fetch;
  fetch.transport = options.transport;
  fetch.tcp.tls = ends.client_tls;
  fetch.quic = ends.client_quic;
  fetch.request.document = "bench";
  if (!options.digests) fetch.connection.verification = Verification::kBySink;
  Nowhere nowhere;
  const FetchReport report = fetch_card((*server)->local(), fetch, nowhere);
  (*server)->stop();
  serving.join();
  if (report.status != ClientStatus::kApplied) return Error{report.message};
  return static_cast<double>(card->manifest.payload_bytes()) / to_seconds(report.chunk_data);
}

}  // namespace kvferry::bench
