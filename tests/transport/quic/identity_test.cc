// SPDX-License-Identifier: MIT
//
// Peers that are not who they should be: nothing of kvferry passes, and both
// sides say why in a line.
#include <gtest/gtest.h>

#include "tests/transport/quic/quic_pair.h"

namespace kvferry::test {
namespace {

struct Parties {
  TestIdentity client;
  TestIdentity server;
  TestIdentity stranger;
  TestIdentity authority{{"authority", {}, true}};
  TestIdentity other_authority{{"other", {}, true}};
};

const Parties& parties() {
  static const Parties kParties;
  return kParties;
}

PeerTrust authority(const std::string& server_name = {}) {
  return {{}, parties().authority.certificate_pem(), server_name};
}

// Tries to talk. What the two said in the end, and that nothing else was said.
struct Outcome {
  std::string client;
  std::string server;
};
Outcome refused(std::shared_ptr<const QuicCredentials> client,
                std::shared_ptr<const QuicCredentials> server) {
  QuicPairOptions options = quic_options({}, 1);
  options.client.credentials = std::move(client);
  options.server.credentials = std::move(server);
  QuicPair pair(options);
  CardSink sink;
  pair.client.connection().request(pair.now, {}, sink);
  pair.run_until(pair.now + std::chrono::seconds(60));
  Outcome outcome;
  for (auto [end, said] : {std::pair{&pair.client, &outcome.client}, {&pair.server, &outcome.server}}) {
    EXPECT_EQ(end->application_bytes(), 0u);
    EXPECT_EQ(end->find<event::Connected>(), nullptr);
    const auto* closed = end->find<event::Closed>();
    EXPECT_TRUE(closed) << (end == &pair.client ? "client" : "server");
    if (!closed) continue;
    EXPECT_EQ(closed->code, ErrorCode::kHandshake);
    EXPECT_EQ(closed->reason.find('\n'), std::string::npos);
    EXPECT_TRUE(end->session->is_over());
    *said = closed->reason;
  }
  return outcome;
}

bool accepted(std::shared_ptr<const QuicCredentials> client, std::shared_ptr<const QuicCredentials> server) {
  QuicPairOptions options = quic_options({}, 1);
  options.client.credentials = std::move(client);
  options.server.credentials = std::move(server);
  QuicPair pair(options);
  return pair.run([&] {
    return pair.server.session && pair.client.connection().is_established() &&
           pair.server.connection().is_established();
  });
}

std::string text_of(const Outcome& outcome) { return outcome.client + " / " + outcome.server; }

TEST(QuicIdentity, two_who_know_each_others_keys_talk) {
  const Parties& p = parties();
  EXPECT_TRUE(accepted(credentials(p.client, p.server.pinned()), credentials(p.server, p.client.pinned())));
}

TEST(QuicIdentity, a_client_without_certificate_is_refused) {
  const Parties& p = parties();
  const Outcome outcome = refused(nobody(p.server.pinned()), credentials(p.server, p.client.pinned()));
  EXPECT_NE(outcome.server.find("ertificate"), std::string::npos) << text_of(outcome);
}

TEST(QuicIdentity, a_client_with_an_unknown_key_is_refused) {
  const Parties& p = parties();
  const Outcome outcome =
      refused(credentials(p.stranger, p.server.pinned()), credentials(p.server, p.client.pinned()));
  EXPECT_EQ(outcome.server, "the peer's key " + p.stranger.key().text() + " is not among the trusted ones");
  EXPECT_EQ(outcome.client.substr(0, 31), "the peer refuses the handshake:") << text_of(outcome);
}

TEST(QuicIdentity, a_server_with_an_unknown_key_is_refused) {
  const Parties& p = parties();
  const Outcome outcome =
      refused(credentials(p.client, p.server.pinned()), credentials(p.stranger, p.client.pinned()));
  EXPECT_EQ(outcome.client, "the peer's key " + p.stranger.key().text() + " is not among the trusted ones");
  EXPECT_EQ(outcome.server.substr(0, 31), "the peer refuses the handshake:") << text_of(outcome);
}

TEST(QuicIdentity, who_shows_a_certificate_without_its_key_is_refused) {
  const Parties& p = parties();
  Outcome outcome =
      refused(thief(p.client, p.stranger, p.server.pinned()), credentials(p.server, p.client.pinned()));
  EXPECT_EQ(outcome.server.substr(0, 5), "TLS: ") << text_of(outcome);
  outcome = refused(credentials(p.client, p.server.pinned()), thief(p.server, p.stranger, p.client.pinned()));
  EXPECT_EQ(outcome.client.substr(0, 5), "TLS: ") << text_of(outcome);
}

TEST(QuicIdentity, certificates_that_an_authority_signed_are_believed) {
  const Parties& p = parties();
  const TestIdentity client({"client"}, &p.authority);
  const TestIdentity server({"server", "cards.example"}, &p.authority);
  EXPECT_TRUE(accepted(credentials(client, authority("cards.example")), credentials(server, authority())));
  EXPECT_TRUE(accepted(credentials(client, p.server.pinned()), credentials(p.server, authority())));
}

TEST(QuicIdentity, expired_certificates_are_refused) {
  const Parties& p = parties();
  const CertificateWish old{"old", "cards.example", false, 1'500'000'000, 1'600'000'000};
  const TestIdentity good({"good", "cards.example"}, &p.authority);
  const TestIdentity expired(old, &p.authority);
  Outcome outcome = refused(credentials(expired, authority("cards.example")), credentials(good, authority()));
  EXPECT_NE(outcome.server.find("expired"), std::string::npos) << text_of(outcome);
  outcome = refused(credentials(good, authority("cards.example")), credentials(expired, authority()));
  EXPECT_NE(outcome.client.find("expired"), std::string::npos) << text_of(outcome);
}

TEST(QuicIdentity, certificates_of_another_authority_are_refused) {
  const Parties& p = parties();
  const TestIdentity good({"good", "cards.example"}, &p.authority);
  const TestIdentity other({"other", "cards.example"}, &p.other_authority);
  Outcome outcome = refused(credentials(other, authority("cards.example")), credentials(good, authority()));
  EXPECT_NE(outcome.server.find("the peer's certificate: "), std::string::npos) << text_of(outcome);
  outcome = refused(credentials(good, authority("cards.example")), credentials(other, authority()));
  EXPECT_NE(outcome.client.find("the peer's certificate: "), std::string::npos) << text_of(outcome);
}

TEST(QuicIdentity, servers_of_another_name_are_refused) {
  const Parties& p = parties();
  const TestIdentity client({"client"}, &p.authority);
  const TestIdentity server({"server", "cards.example"}, &p.authority);
  for (const char* name : {"other.example", ""}) {
    const Outcome outcome = refused(credentials(client, authority(name)), credentials(server, authority()));
    EXPECT_NE(outcome.client.find("name"), std::string::npos) << text_of(outcome);
  }
}

TEST(QuicIdentity, what_cannot_be_loaded_is_said_in_a_line) {
  const Parties& p = parties();
  const auto error = [](const Identity& identity, const PeerTrust& trust) {
    const auto loaded = QuicCredentials::load(identity, trust);
    return loaded ? std::string("loaded") : loaded.error().message;
  };
  EXPECT_EQ(error({}, p.server.pinned()), "QUIC: no identity to show, expected a key and its certificate");
  EXPECT_EQ(error(p.client.identity(), {}), "QUIC: nobody to believe, expected peers' keys or an authority");
  EXPECT_EQ(error({"nonsense"}, p.server.pinned()).substr(0, 10), "identity: ");
  EXPECT_EQ(error({p.client.certificate_pem() + p.server.key_pem()}, p.server.pinned()),
            "identity: the key is not the certificate's");
  EXPECT_EQ(error(p.client.identity(), {{}, "nonsense", {}}).substr(0, 11), "authorities");
}

}  // namespace
}  // namespace kvferry::test
