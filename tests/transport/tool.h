// SPDX-License-Identifier: MIT
//
// The wire tool as a process, with a card in a folder of its own.
#pragma once

#include <filesystem>

#include "protocol/card/card_file.h"
#include "tests/transport/harness.h"
#include "tests/transport/process.h"

namespace kvferry::test {

namespace fs = std::filesystem;

class KvferryTool : public testing::Test {
 protected:
  using Words = std::vector<std::string>;

  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("kvferry_tool_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "into");
    card_ = sample_card(41, 5, 1000);
    file_ = (folder_ / "sample.card").string();
    ASSERT_TRUE(write_card_file(file_, card_));
  }
  void TearDown() override { fs::remove_all(folder_); }

  static Finished tool(Words arguments) { return run_program_file("kvferry", std::move(arguments)); }
  [[nodiscard]] static Words serve_words(const std::string& cards, const std::string& transport,
                                         const std::string& listen = "127.0.0.1:0") {
    return {"serve", cards, "--listen", listen, "--transport", transport, "--insecure"};
  }
  [[nodiscard]] Words fetch_words(const std::string& where, const std::string& document,
                                  const std::string& transport) const {
    return {"fetch", where, "--document", document, "--into", into(), "--transport", transport, "--insecure"};
  }
  [[nodiscard]] std::string into() const { return (folder_ / "into").string(); }
  [[nodiscard]] std::size_t files_fetched() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(into()), fs::directory_iterator()));
  }

  fs::path folder_;
  std::string file_;
  Card card_;
};

// Two machines with a key each.
class SecureTool : public KvferryTool {
 protected:
  void SetUp() override {
    KvferryTool::SetUp();
    server_key_ = make_key("server.pem");
    client_key_ = make_key("client.pem");
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string make_key(const std::string& name) {
    std::string key = tool({"keygen", path(name)}).out;
    key.pop_back();
    return key;
  }
  [[nodiscard]] Words serving(const std::string& client_key, const std::string& transport = "tls") const {
    return {"serve",   file_,   "--listen",         "127.0.0.1:0", "--transport",
            transport, "--key", path("server.pem"), "--peer-key",  client_key};
  }
  [[nodiscard]] Finished fetch(const std::string& where, const std::string& server_key,
                               const std::string& transport = "tls") const {
    return tool({"fetch", where, "--document", "sample", "--into", into(), "--transport", transport, "--key",
                 path("client.pem"), "--peer-key", server_key});
  }
  std::string server_key_, client_key_;
};

}  // namespace kvferry::test
