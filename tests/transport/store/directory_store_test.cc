// SPDX-License-Identifier: MIT
//
// What only a pool in a folder does.
#include <fcntl.h>
#include <sys/file.h>

#include <fstream>

#include "tests/transport/store/any_store.h"

namespace kvferry::test {
namespace {

namespace fs = std::filesystem;

class DirectoryPool : public testing::Test {
 protected:
  [[nodiscard]] fs::path root() const { return place_.where(); }
  [[nodiscard]] std::size_t files(const char* folder) const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(root() / folder), fs::directory_iterator()));
  }
  PoolPlace place_{StoreKind::kDirectory};
};

TEST_F(DirectoryPool, is_made_of_a_missing_or_an_empty_folder_only) {
  EXPECT_TRUE(open_store((root() / "deeper" / "pool").string(), {}));
  StoreOptions must_be_there;
  must_be_there.create = false;
  EXPECT_FALSE(open_store((root() / "other").string(), must_be_there));
  EXPECT_FALSE(fs::exists(root() / "other"));
  EXPECT_FALSE(open_store(root().string(), {}));  // holds something else
  std::ofstream(root() / "file") << "x";
  const auto opened = open_store((root() / "file").string(), {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, (root() / "file").string() + ": not a folder, expected a pool");
}

TEST_F(DirectoryPool, goes_on_being_made_where_that_was_interrupted) {
  fs::create_directory(root() / "scratch");
  std::ofstream(root() / "scratch" / "abcdef") << "kvferry p";
  EXPECT_TRUE(put(*place_.open(), sample_card(3, 4, 500)));
  EXPECT_EQ(files("scratch"), 0u);
}

TEST_F(DirectoryPool, a_put_writes_one_pack_of_what_is_new) {
  const auto store = place_.open();
  put(*store, card_of_chunks({1, 2, 3}, 5000));
  put(*store, card_of_chunks({1, 2, 4}, 5000));
  put(*store, card_of_chunks({4, 3}, 5000));
  std::vector<std::uintmax_t> sizes;
  for (const auto& pack : fs::directory_iterator(root() / "packs")) sizes.push_back(pack.file_size());
  std::sort(sizes.begin(), sizes.end());
  EXPECT_EQ(sizes, (std::vector<std::uintmax_t>{8 + 5000, 8 + 15'000}));
}

TEST_F(DirectoryPool, packs_that_are_mostly_dead_are_written_anew) {
  const auto store = place_.open_bounded(60'000);
  const Card last = card_of_chunks({3}, 5000);
  put(*store, card_of_chunks({1, 2, 3, 4}, 5000));
  put(*store, last);
  const auto source = place_.open()->find(last.digest()).value();  // maps the old pack
  put(*store, card_of_chunks({10, 11, 12, 13, 14, 15, 16, 17, 18}, 5000));
  EXPECT_TRUE(has(*store, last));
  EXPECT_TRUE(same_bytes(*read_whole(*source), last));
  EXPECT_TRUE(has(*place_.open(), last));
  EXPECT_LE(statistics(*store).bytes, 60'000u);
  EXPECT_EQ(statistics(*store).cards, 2u);
}

TEST_F(DirectoryPool, what_broke_off_on_its_way_here_goes_after_a_day) {
  const auto store = place_.open();
  const fs::path part = root() / "incoming" / "DIGEST.card.part",
                 fresh = root() / "incoming" / "OTHER.card.part";
  std::ofstream(part) << "x";
  std::ofstream(fresh) << "x";
  fs::last_write_time(part, fs::file_time_type::clock::now() - std::chrono::hours(25));
  const int receiver = ::open(part.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(receiver, LOCK_EX), 0);
  put(*store, card_of_chunks({1}, 5000));
  EXPECT_TRUE(fs::exists(part));
  ::close(receiver);
  put(*store, card_of_chunks({2}, 5000));
  EXPECT_FALSE(fs::exists(part));
  EXPECT_TRUE(fs::exists(fresh));
}

TEST_F(DirectoryPool, bytes_are_those_of_its_files) {
  const auto store = place_.open();
  put(*store, sample_card(3, 40, 5000));
  ASSERT_TRUE(store->bind("document", sample_card(3, 40, 5000).digest()));
  std::uint64_t bytes = 0;
  for (const char* folder : {"cards", "packs", "names"}) {
    for (const auto& file : fs::directory_iterator(root() / folder)) bytes += file.file_size();
  }
  EXPECT_EQ(statistics(*store).bytes, bytes);
}

TEST_F(DirectoryPool, its_format_is_pinned) {
  const auto store = place_.open();
  Card card = sample_card(1, 0, 1);
  ChunkInfo info;
  info.layer_count = 2;
  info.row_count = 64;
  add_chunk(card, info, Slice(Bytes{'a', 'b', 'c'}));
  put(*store, card);
  const auto read = [](const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(read(root() / "format"), "kvferry pool 1\n");
  const std::string pack_name = sha256(card.manifest.chunks[0].digest.view()).hex();
  EXPECT_EQ(read(root() / "packs" / pack_name), "\x89KVPACK\nabc");
  const std::string entry = read(root() / "cards" / card.digest().hex());
  EXPECT_EQ(entry.substr(0, 12), std::string("\x89KVPOOL\n\x01\0\0\0", 12));
  // A length, a pack's name, its index, the offset, the checksum.
  const std::string end =
      std::string("\x20\0\0\0", 4) + std::string(32, '?') + std::string("\0\0\0\0\x08\0\0\0\0\0\0\0", 12);
  EXPECT_EQ(entry.substr(entry.size() - 4 - 12, 12), end.substr(36));
  EXPECT_EQ(entry.substr(entry.size() - 4 - 12 - 36, 4), end.substr(0, 4));
  EXPECT_EQ(entry.size(), encode_manifest(card.manifest).root.size() + 4 +
                              encode_manifest(card.manifest).pages[0].size() + 4 + 12 + end.size() + 4);
}

}  // namespace
}  // namespace kvferry::test
