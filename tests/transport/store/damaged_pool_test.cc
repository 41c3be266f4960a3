// SPDX-License-Identifier: MIT
//
// A pool's folder in which something is wrong: a line that names it, and nothing else is lost.
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "tests/transport/store/any_store.h"

namespace kvferry::test {
namespace {

namespace fs = std::filesystem;

class DamagedPool : public testing::Test {
 protected:
  void SetUp() override {
    put(*store_, card_);
    put(*store_, other_);
  }
  [[nodiscard]] fs::path root() const { return place_.where(); }
  [[nodiscard]] fs::path entry(const Card& card) const { return root() / "cards" / card.digest().hex(); }
  // The pack of the card that was put first.
  [[nodiscard]] fs::path pack() const {
    Bytes digests;
    for (const ChunkInfo& chunk : card_.manifest.chunks) append(digests, chunk.digest.view());
    return root() / "packs" / sha256(digests).hex();
  }
  static std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  static void flip(const fs::path& path, std::size_t at) {
    std::string bytes = read(path);
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    write(path, bytes);
  }
  // What is wrong with the card; empty if nothing is.
  static std::string complaint(CardStore& store, const Card& card) {
    const auto source = store.find(card.digest());
    if (!source) return source.error().message;
    if (!*source) return "not here";
    const auto whole = read_whole(**source);
    return whole ? "" : whole.error().message;
  }
  static void expect_line(const std::string& line, const fs::path& path) {
    EXPECT_EQ(line.find(path.string() + ": "), 0u) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  }

  PoolPlace place_{StoreKind::kDirectory};
  std::unique_ptr<CardStore> store_ = place_.open();
  Card card_ = card_of_chunks({1, 2, 3}, 5000), other_ = card_of_chunks({7, 8}, 5000);
};

TEST_F(DamagedPool, a_flipped_byte_in_a_pack_is_named_and_never_given) {
  flip(pack(), 8 + 5000 + 17);
  const auto fresh = place_.open();
  const std::string line = complaint(*fresh, card_);
  expect_line(line, pack());
  EXPECT_NE(line.find("damaged at byte 5008: chunk 1 has digest"), std::string::npos) << line;
  const auto source = fresh->find(card_.digest()).value();
  EXPECT_TRUE(source->chunk(0));
  EXPECT_TRUE(source->chunk(2));
  EXPECT_TRUE(has(*fresh, other_));
}

TEST_F(DamagedPool, putting_it_again_heals_a_card) {
  flip(pack(), 8 + 17);
  EXPECT_FALSE(put(*place_.open(), card_));
  EXPECT_TRUE(has(*place_.open(), card_));
  EXPECT_TRUE(has(*store_, card_));
}

TEST_F(DamagedPool, damaged_chunks_are_not_shared) {
  flip(pack(), 8 + 17);
  const Card next = card_of_chunks({1, 2, 9}, 5000);
  put(*store_, next);
  EXPECT_TRUE(has(*store_, next));
  std::size_t found = 0;
  ASSERT_TRUE(store_->find_chunks(next.manifest,
                                  [&](std::uint32_t, const Slice&) { return ++found, Result<void>(); }));
  EXPECT_EQ(found, 3u);
}

TEST_F(DamagedPool, a_truncated_pack_says_where_it_ends) {
  fs::resize_file(pack(), 8 + 5000 + 100);
  const std::string line = complaint(*place_.open(), card_);
  expect_line(line, pack());
  EXPECT_NE(line.find("ends at byte 5108, expected a chunk of 5000 bytes at byte 5008"), std::string::npos)
      << line;
  fs::resize_file(pack(), 0);
  expect_line(complaint(*place_.open(), card_), pack());
  EXPECT_TRUE(has(*store_, other_));
}

TEST_F(DamagedPool, a_missing_pack_is_named) {
  fs::remove(pack());
  expect_line(complaint(*place_.open(), card_), pack());
  ASSERT_EQ(store_->list()->damaged.size(), 1u);
  expect_line(store_->list()->damaged[0].message, pack());
  put(*store_, card_);
  EXPECT_TRUE(has(*store_, card_));
}

TEST_F(DamagedPool, every_byte_of_an_entry_matters) {
  const std::string whole = read(entry(card_));
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    flip(entry(card_), at);
    expect_line(complaint(*place_.open(), card_), entry(card_));
    write(entry(card_), whole);
  }
  for (std::size_t size = 0; size < whole.size(); size += 11) {
    fs::resize_file(entry(card_), size);
    expect_line(complaint(*place_.open(), card_), entry(card_));
    write(entry(card_), whole);
  }
  EXPECT_EQ(complaint(*place_.open(), card_), "");
}

TEST_F(DamagedPool, an_unreadable_entry_costs_no_other_card_and_no_pack) {
  fs::resize_file(entry(card_), 40);
  ASSERT_EQ(store_->list()->damaged.size(), 1u);
  EXPECT_EQ(store_->list()->cards.size(), 1u);
  put(*store_, card_of_chunks({20}, 5000));
  EXPECT_TRUE(fs::exists(pack()));  // of which nobody knows whether it is needed
  EXPECT_TRUE(has(*store_, other_));
  put(*store_, card_);
  EXPECT_TRUE(has(*store_, card_));
  EXPECT_TRUE(store_->list()->damaged.empty());
}

TEST_F(DamagedPool, an_unreadable_entry_can_be_removed) {
  fs::resize_file(entry(card_), 40);
  EXPECT_EQ(*store_->remove(card_.digest()), true);
  EXPECT_TRUE(store_->list()->damaged.empty());
  EXPECT_FALSE(fs::exists(pack()));
  EXPECT_TRUE(has(*store_, other_));
}

TEST_F(DamagedPool, nothing_is_evicted_while_an_entry_is_unreadable) {
  const auto bounded = place_.open_bounded(statistics(*store_).bytes + 100);
  fs::resize_file(entry(card_), 40);
  const auto done = store_->put(card_of_chunks({20, 21}, 5000));
  ASSERT_FALSE(done);
  expect_line(done.error().message, entry(card_));
  EXPECT_TRUE(has(*store_, other_));
}

TEST_F(DamagedPool, garbage_beside_the_cards_is_named_and_left_alone) {
  write(root() / "cards" / "notes", "x");
  write(root() / "packs" / "notes", "x");
  write(root() / "names" / "notes", "x");
  fs::create_directory(root() / "cards" / std::string(64, 'a'));
  const StoreListing listing = store_->list().value();
  EXPECT_EQ(listing.damaged.size(), 4u);
  for (const Error& error : listing.damaged)
    EXPECT_EQ(error.message.find(root().string()), 0u) << error.message;
  EXPECT_EQ(listing.cards.size(), 2u);
  put(*store_, card_of_chunks({20}, 5000));
  EXPECT_TRUE(fs::exists(root() / "packs" / "notes"));
  EXPECT_TRUE(has(*store_, card_));
}

TEST_F(DamagedPool, a_garbage_name_is_an_error_of_that_name_alone) {
  ASSERT_TRUE(store_->bind("one", card_.digest()));
  ASSERT_TRUE(store_->bind("two", card_.digest()));
  const fs::path one = root() / "names" / sha256(as_bytes("one")).hex();
  for (const std::string& bytes :
       {std::string(), std::string("x"), read(one) + "x", card_.digest().hex() + "\ntwo"}) {
    write(one, bytes);
    const auto resolved = store_->resolve("one");
    ASSERT_FALSE(resolved) << bytes;
    expect_line(resolved.error().message, one);
    EXPECT_EQ(*store_->resolve("two"), card_.digest());
    EXPECT_EQ(store_->list()->names.size(), 1u);
  }
  ASSERT_TRUE(store_->bind("one", card_.digest()));
  EXPECT_EQ(*store_->resolve("one"), card_.digest());
}

TEST_F(DamagedPool, another_version_or_no_pool_is_refused) {
  for (const char* format : {"kvferry pool 2\n", "kvferry pool 1", "", "something else\n"}) {
    write(root() / "format", format);
    const auto opened = open_store(place_.where(), {});
    ASSERT_FALSE(opened) << format;
    expect_line(opened.error().message, root() / "format");
    EXPECT_NE(opened.error().message.find("expected 'kvferry pool 1'"), std::string::npos)
        << opened.error().message;
  }
  fs::remove(root() / "format");
  const auto opened = open_store(place_.where(), {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message,
            (root() / "format").string() + ": missing, expected a pool or an empty folder");
}

TEST_F(DamagedPool, a_damaged_bound_is_named) {
  write(root() / "bound", "many\n");
  const auto done = store_->put(card_of_chunks({20}, 5000));
  ASSERT_FALSE(done);
  expect_line(done.error().message, root() / "bound");
  EXPECT_TRUE(has(*store_, card_));
  EXPECT_TRUE(put(*place_.open_bounded(1'000'000), card_of_chunks({20}, 5000)));
}

TEST_F(DamagedPool, files_that_may_not_grow_leave_nothing_behind) {
  ::signal(SIGXFSZ, SIG_IGN);
  const std::uint64_t before = statistics(*store_).bytes;
  rlimit unlimited{};
  ::getrlimit(RLIMIT_FSIZE, &unlimited);
  const rlimit small{4096, unlimited.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto done = store_->put(card_of_chunks({20, 21}, 5000));
  ::setrlimit(RLIMIT_FSIZE, &unlimited);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message.find((root() / "packs").string()), 0u) << done.error().message;
  EXPECT_NE(done.error().message.find("cannot write: File too large"), std::string::npos)
      << done.error().message;
  EXPECT_EQ(statistics(*store_).bytes, before);
  EXPECT_TRUE(fs::is_empty(root() / "scratch"));
  EXPECT_TRUE(has(*store_, card_));
  EXPECT_TRUE(put(*store_, card_of_chunks({20, 21}, 5000)));
}

}  // namespace
}  // namespace kvferry::test
