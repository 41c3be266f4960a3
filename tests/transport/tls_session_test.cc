// SPDX-License-Identifier: MIT
//
// Two sessions in one process, bytes handed over in random pieces.
#include "transport/tls/tls_session.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "protocol/base/rng.h"
#include "tests/transport/identities.h"

namespace kvferry::test {
namespace {

struct Side {
  explicit Side(std::shared_ptr<const TlsContext> context) : session(std::move(context)) {}
  TlsSession session;
  Bytes received;
  Bytes wire;  // all that it sent

  void take(ByteView bytes) {
    session.handle_bytes(bytes);
    std::array<std::uint8_t, 16384> plain;
    while (const std::size_t size = session.read(plain)) append(received, ByteView(plain.data(), size));
  }
};

class TlsSessions : public ::testing::Test {
 protected:
  void connect(Role first_to_differ, const Identity& identity, const PeerTrust& trust) {
    const bool client = first_to_differ == Role::kClient;
    make(client ? identity : alice(), client ? trust : PeerTrust{{key_of(bob())}, {}, {}},
         client ? bob() : identity, client ? PeerTrust{{key_of(alice())}, {}, {}} : trust);
  }

  void make(const Identity& client_identity, PeerTrust client_trust, const Identity& server_identity,
            PeerTrust server_trust) {
    client_.emplace(*TlsContext::make(Role::kClient, client_identity, std::move(client_trust)));
    server_.emplace(*TlsContext::make(Role::kServer, server_identity, std::move(server_trust)));
    client_->session.handle_bytes({});
    run();
  }

  // Hands over what either side has to say, until both are silent.
  void run() {
    bool moved = true;
    while (moved) {
      moved = false;
      for (auto [from, to] : {std::pair{&*client_, &*server_}, {&*server_, &*client_}}) {
        const Bytes bytes = from->session.take_output();
        append(from->wire, bytes);
        moved |= !bytes.empty();
        for (std::size_t at = 0; at < bytes.size();) {
          const std::size_t size = std::min<std::size_t>(1 + rng_.below(5000), bytes.size() - at);
          to->take(ByteView(bytes).subspan(at, size));
          at += size;
        }
      }
    }
  }

  void greet() {
    ASSERT_TRUE(server_->session.is_open()) << server_->session.failure();
    server_->session.write(kHello);
    run();
    ASSERT_TRUE(client_->session.is_open()) << client_->session.failure();
  }

  const Bytes kHello{'h', 'e', 'l', 'l', 'o'};
  Rng rng_{1};
  std::optional<Side> client_, server_;
};

// STR-7
TEST_F(TlsSessions, carry_bytes_both_ways) {
  connect(Role::kClient, alice(), PeerTrust{{key_of(bob())}, {}, {}});
  EXPECT_FALSE(client_->session.is_open()) << "before it has heard that the server believes it";
  greet();
  EXPECT_EQ(client_->received, kHello);
  Bytes large(300'000);
  for (auto& byte : large) byte = static_cast<std::uint8_t>(rng_.next());
  client_->session.write(large);
  server_->session.write(large);
  run();
  EXPECT_EQ(server_->received, large);
  EXPECT_EQ(Bytes(client_->received.begin() + 5, client_->received.end()), large);
}

TEST_F(TlsSessions, show_nothing_in_the_clear) {
  connect(Role::kClient, alice(), PeerTrust{{key_of(bob())}, {}, {}});
  greet();
  const Bytes secret(64, 0x5A);
  client_->session.write(secret);
  run();
  EXPECT_EQ(server_->received, secret);
  for (const Bytes* wire : {&client_->wire, &server_->wire}) {
    EXPECT_EQ(std::search(wire->begin(), wire->end(), secret.begin(), secret.begin() + 16), wire->end());
    for (const Identity& who : {alice(), bob()}) {
      const auto key = key_of(who).bytes;
      EXPECT_EQ(std::search(wire->begin(), wire->end(), key.begin(), key.end()), wire->end());
    }
  }
}

struct BadCase {
  const char* name;
  Role differs;
  Identity identity;
  PeerTrust trust;
  std::string client_says, server_says;
};

std::vector<BadCase> bad_cases() {
  const PeerTrust bobs{{key_of(bob())}, {}, {}}, alices{{key_of(alice())}, {}, {}};
  const Authority authority("lab"), other("other");
  const auto by_name = [&](const Authority& who, const char* name) { return PeerTrust{{}, who.pem(), name}; };
  const std::string not_believed = "the peer does not believe our certificate";
  const std::string unknown_key = "the peer's key is not one of those that are believed";
  const std::string issuer = "the peer's certificate: unable to get local issuer certificate";
  return {
      {"client's key unknown", Role::kClient, make_identity(), bobs, not_believed, unknown_key},
      {"server's key unknown", Role::kServer, make_identity(), alices, unknown_key, not_believed},
      {"client's authority unknown", Role::kServer, bob(), by_name(authority, ""), not_believed,
       "the peer's certificate: self-signed certificate"},
      {"server's authority unknown", Role::kClient, alice(), by_name(other, "localhost"),
       "the peer's certificate: self-signed certificate", not_believed},
  };
}

// STR-6
TEST_F(TlsSessions, let_nothing_through_that_is_not_believed) {
  for (const BadCase& bad : bad_cases()) {
    SCOPED_TRACE(bad.name);
    connect(bad.differs, bad.identity, bad.trust);
    for (Side* side : {&*client_, &*server_}) {
      EXPECT_FALSE(side->session.is_open());
      EXPECT_TRUE(side->received.empty());
    }
    EXPECT_EQ(client_->session.failure(), bad.client_says);
    EXPECT_EQ(server_->session.failure(), bad.server_says);
  }
}

// STR-6
TEST_F(TlsSessions, by_an_authority_need_its_signature_its_dates_and_the_name) {
  const Authority authority("lab");
  const auto client = authority.issue("alice", Validity::kNow);
  const PeerTrust anyone_of_the_lab{{}, authority.pem(), {}};
  make(client, {{}, authority.pem(), "localhost"}, authority.issue("localhost", Validity::kNow),
       anyone_of_the_lab);
  greet();
  const struct {
    Identity server;
    std::string client_says;
  } bad[] = {
      {authority.issue("localhost", Validity::kPast), "the peer's certificate: certificate has expired"},
      {authority.issue("localhost", Validity::kFuture),
       "the peer's certificate: certificate is not yet valid"},
      {authority.issue("elsewhere", Validity::kNow), "the peer's certificate: hostname mismatch"},
      {Authority("lab").issue("localhost", Validity::kNow),
       "the peer's certificate: certificate signature failure"},
  };
  for (const auto& [server, says] : bad) {
    make(client, {{}, authority.pem(), "localhost"}, server, anyone_of_the_lab);
    EXPECT_EQ(client_->session.failure(), says);
    EXPECT_EQ(server_->session.failure(), "the peer does not believe our certificate");
    EXPECT_TRUE(client_->received.empty() && server_->received.empty());
  }
}

// STR-6
TEST_F(TlsSessions, of_a_client_end_when_the_server_does_not_ask_who_it_is) {
  const auto careless = *TlsContext::make(Role::kServer, bob(), {{key_of(alice())}, {}, {}});
  SSL_CTX_set_verify(careless->get(), SSL_VERIFY_NONE, nullptr);
  client_.emplace(*TlsContext::make(Role::kClient, alice(), {{key_of(bob())}, {}, {}}));
  server_.emplace(careless);
  client_->session.handle_bytes({});
  run();
  server_->session.write(kHello);
  run();
  EXPECT_EQ(client_->session.failure(), "the server does not ask who this is");
  EXPECT_FALSE(client_->session.is_open());
  EXPECT_TRUE(client_->received.empty());
}

TEST_F(TlsSessions, end_with_a_reason_where_the_other_side_speaks_something_else) {
  connect(Role::kClient, alice(), PeerTrust{{key_of(bob())}, {}, {}});
  for (const std::string text : {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n"}) {
    Side server(*TlsContext::make(Role::kServer, bob(), {{key_of(alice())}, {}, {}}));
    server.take(ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
    EXPECT_EQ(server.session.failure(), "the other side does not speak TLS") << text;
    Side client(*TlsContext::make(Role::kClient, bob(), {{key_of(alice())}, {}, {}}));
    client.session.handle_bytes({});
    client.take(ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
    EXPECT_EQ(client.session.failure(), "the other side does not speak TLS") << text;
  }
}

TEST_F(TlsSessions, notice_every_changed_byte) {
  for (int i = 0; i < 50; ++i) {
    connect(Role::kClient, alice(), PeerTrust{{key_of(bob())}, {}, {}});
    greet();
    client_->session.write(kHello);
    Bytes record = client_->session.take_output();
    record[5 + rng_.below(record.size() - 5)] ^= 0x10;
    server_->take(record);
    EXPECT_FALSE(server_->session.is_open());
    EXPECT_TRUE(server_->received.empty());
  }
}

TEST(TlsContext, of_a_side_that_believes_nobody_is_refused) {
  EXPECT_EQ(TlsContext::make(Role::kServer, alice(), {}).error().message,
            "no peer is believed: expected a peer's key or an authority");
  const PeerTrust bobs{{key_of(bob())}, {}, {}};
  EXPECT_EQ(TlsContext::make(Role::kServer, {"nonsense"}, bobs).error().message,
            "no certificate in the identity: no start line");
  std::string without_key = alice().pem;
  without_key.erase(0, without_key.find("-----BEGIN CERT"));
  EXPECT_EQ(TlsContext::make(Role::kServer, {without_key}, bobs).error().message,
            "no private key in the identity: unsupported");
  std::string mixed = without_key + bob().pem.substr(0, bob().pem.find("-----BEGIN CERT"));
  EXPECT_EQ(TlsContext::make(Role::kServer, {mixed}, bobs).error().message,
            "the identity's key: key values mismatch");
  EXPECT_EQ(TlsContext::make(Role::kServer, alice(), {{}, "nonsense", {}}).error().message,
            "no certificate among the authorities");
}

}  // namespace
}  // namespace kvferry::test
