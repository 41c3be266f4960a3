// SPDX-License-Identifier: MIT
//
// Manifests and card files.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "protocol/card/card_file.h"
#include "protocol/card/card_layout.h"
#include "protocol/card/chunk_ranges.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {
namespace {

class CardFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() /
        ("kvferry-card-test-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  std::filesystem::path folder_;
};

TEST_F(CardFile, what_is_written_is_read_back_and_every_byte_is_counted) {
  Card card = sample_card(1, 300, 500);  // three pages
  auto path = folder_ / "a.card";
  auto written = write_card_file(path, card);
  ASSERT_TRUE(written.ok()) << written.error().message;
  auto read = read_card_file(path);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(read->verify().ok());
  EXPECT_TRUE(same_bytes(*read, card));
  EXPECT_EQ(read->digest(), card.digest());
  EXPECT_EQ(std::filesystem::file_size(path), card.file_bytes());
  EXPECT_EQ(files(), 1u);
}

TEST_F(CardFile, verify_names_the_first_bad_chunk) {
  Card card = sample_card(2, 5, 100);
  Bytes bytes(card.chunks[3].view().begin(), card.chunks[3].view().end());
  bytes.back() ^= 0x80;
  card.chunks[3] = Slice(std::move(bytes));
  auto verified = card.verify();
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().message.rfind("card: chunk 3 has digest", 0), 0u) << verified.error().message;
}

TEST_F(CardFile, a_card_that_does_not_verify_is_not_written) {
  Card card = sample_card(3, 5, 100);
  card.chunks[1] = Slice(Bytes{1});
  EXPECT_FALSE(write_card_file(folder_ / "a.card", card).ok());
  EXPECT_EQ(files(), 0u);
}

TEST_F(CardFile, an_abandoned_sink_leaves_nothing) {
  Card card = sample_card(4, 5, 100);
  {
    CardFileSink sink(folder_ / "a.card");
    ASSERT_TRUE(sink.begin(card.manifest).ok());
    ASSERT_TRUE(sink.chunk(2, card.chunks[2]).ok());
    sink.abandon("enough");
  }
  EXPECT_EQ(files(), 0u);
}

TEST_F(CardFile, a_sink_that_keeps_goes_on_where_the_last_one_broke_off) {
  const Card card = sample_card(4, 5, 100);
  const auto keeping = CardFileSink::WhenBroken::kKeep;
  {
    CardFileSink sink(folder_ / "a.card", keeping);
    ASSERT_TRUE(sink.begin(card.manifest).ok());
    EXPECT_TRUE(sink.held(card.manifest).empty());
    for (const std::uint32_t i : {1u, 3u}) ASSERT_TRUE(sink.chunk(i, card.chunks[i]).ok());
    CardFileSink other(folder_ / "a.card", keeping);
    EXPECT_EQ(other.begin(card.manifest).error().message,
              (folder_ / "a.card").string() + ": another process is receiving this card");
    sink.abandon("the connection was lost");
  }
  EXPECT_EQ(files(), 1u);
  std::fstream part(folder_ / "a.card.part", std::ios::in | std::ios::out | std::ios::binary);
  part.seekp(static_cast<std::streamoff>(card.file_bytes() - card.manifest.payload_bytes() +
                                         card.chunks[0].size()));  // the first byte of chunk 1
  part.put(static_cast<char>(~card.chunks[1].view()[0]));
  part.close();
  std::filesystem::resize_file(folder_ / "a.card.part", card.file_bytes() + 10);
  CardFileSink sink(folder_ / "a.card", keeping);
  ASSERT_TRUE(sink.begin(card.manifest).ok());
  const ChunkRanges held = sink.held(card.manifest);
  EXPECT_EQ(held.size(), 1u);
  EXPECT_TRUE(held.contains(3));
  for (const std::uint32_t i : {0u, 1u, 2u, 4u}) ASSERT_TRUE(sink.chunk(i, card.chunks[i]).ok());
  ASSERT_TRUE(sink.finish(true).ok());
  EXPECT_EQ(files(), 1u);
  auto read = read_card_file(folder_ / "a.card");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(same_bytes(*read, card));
}

TEST_F(CardFile, a_sink_that_keeps_leaves_nothing_where_nothing_came) {
  const Card card = sample_card(4, 5, 100);
  CardFileSink sink(folder_ / "a.card", CardFileSink::WhenBroken::kKeep);
  ASSERT_TRUE(sink.begin(card.manifest).ok());
  sink.abandon("refused");
  EXPECT_EQ(files(), 0u);
}

TEST_F(CardFile, errors_name_the_file_and_what_was_expected) {
  auto missing = read_card_file(folder_ / "none.card");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("none.card: cannot open"), std::string::npos);
  std::ofstream(folder_ / "text.card") << "this is no card";
  auto text = read_card_file(folder_ / "text.card");
  ASSERT_FALSE(text.ok());
  EXPECT_NE(text.error().message.find("text.card: byte 0: no card file"), std::string::npos)
      << text.error().message;
}

TEST(CardBytes, any_flipped_bit_is_found) {
  Card card = sample_card(5, 3, 30);
  Bytes file = card_preamble(encode_manifest(card.manifest));
  for (const Slice& chunk : card.chunks) append(file, chunk.view());
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    Bytes bad = file;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    auto preamble = parse_card_preamble(bad, {});
    if (!preamble) continue;
    // What still parses has a payload that does not verify.
    EXPECT_EQ(preamble->manifest, card.manifest) << "bit " << bit;
    Card again{preamble->manifest, {}};
    std::size_t at = preamble->size_bytes;
    for (const ChunkInfo& chunk : again.manifest.chunks) {
      again.chunks.push_back(Slice::copy_of(ByteView(bad).subspan(at, chunk.size_bytes)));
      at += chunk.size_bytes;
    }
    EXPECT_FALSE(again.verify().ok()) << "bit " << bit;
  }
}

TEST(Manifest, decodes_to_what_was_encoded) {
  Manifest manifest = sample_card(6, 200, 100).manifest;
  manifest.divergence = Divergence{0.01, 0.98, 512};
  manifest.base = sha256(as_bytes("base"));
  manifest.calibration = sha256(as_bytes("calibration"));
  manifest.summary = "bako lives in north deru .";
  manifest.curve = *QualityCurve::from_points({{20, 2.5F, 0.5F}, {200, 0.01F, 0.98F}});
  manifest.query_aware = true;
  EncodedManifest encoded = encode_manifest(manifest);
  auto assembler = ManifestAssembler::from_root(encoded.root, {});
  ASSERT_TRUE(assembler.ok()) << assembler.error().message;
  EXPECT_EQ(assembler->card_digest(), encoded.digest());
  ASSERT_TRUE(assembler->add_page(1, encoded.pages[1]).ok());
  EXPECT_FALSE(assembler->complete());
  EXPECT_FALSE(assembler->add_page(0, encoded.pages[1]).ok());
  EXPECT_FALSE(assembler->add_page(2, encoded.pages[1]).ok());
  ASSERT_TRUE(assembler->add_page(0, encoded.pages[0]).ok());
  auto again = assembler->take();
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(*again, manifest);
}

TEST(Manifest, tables_are_the_first_chunk_and_have_no_rows) {
  Manifest manifest = sample_card(1, 2, 40).manifest;
  ChunkInfo tables;
  tables.size_bytes = 10;
  tables.tensor = TensorPart::kTables;
  manifest.chunks.insert(manifest.chunks.begin(), tables);
  EXPECT_TRUE(manifest.validate().ok());
  manifest.chunks[0].row_count = 1;
  EXPECT_EQ(manifest.validate().error().message, "manifest: chunk 0: tables with layers or rows");
  manifest.chunks[0].row_count = 0;
  std::swap(manifest.chunks[0], manifest.chunks[1]);
  EXPECT_EQ(manifest.validate().error().message, "manifest: chunk 1: tables, expected as chunk 0 only");
}

TEST(Manifest, a_summary_is_bounded_and_printable) {
  Manifest manifest = sample_card(1, 2, 40).manifest;
  manifest.summary = std::string(Manifest::kMaxSummaryBytes + 1, 'a');
  EXPECT_EQ(manifest.validate().error().message, "manifest: summary longer than 4096 bytes");
  manifest.summary = "two\nlines";
  EXPECT_EQ(manifest.validate().error().message, "manifest: summary holds a control character");
}

// MAN-5
TEST(Manifest, a_curve_ends_within_the_table) {
  Manifest manifest = sample_card(1, 3, 40).manifest;
  manifest.curve = *QualityCurve::from_points({{1, 1, 0.5F}, {4, 0.5F, 1}});
  EXPECT_EQ(manifest.validate().error().message, "manifest: a curve up to 4 chunks, the table has 3");
  EXPECT_EQ(ManifestAssembler::from_root(encode_manifest(manifest).root, {}).error().message,
            "manifest root: a curve up to 4 chunks, the table has 3");
  manifest.curve = *QualityCurve::from_points({{1, 1, 0.5F}, {3, 0.5F, 1}});
  EXPECT_TRUE(manifest.validate().ok());
  EXPECT_TRUE(ManifestAssembler::from_root(encode_manifest(manifest).root, {}).ok());
}

TEST(Manifest, limits_are_checked_before_anything_is_kept) {
  Manifest manifest = sample_card(7, 20, 100).manifest;
  EncodedManifest encoded = encode_manifest(manifest);
  Limits few;
  few.max_chunks = 19;
  EXPECT_EQ(ManifestAssembler::from_root(encoded.root, few).error().message,
            "manifest root: 20 chunks, limit 19");
  Limits small;
  small.max_root_bytes = 10;
  EXPECT_FALSE(ManifestAssembler::from_root(encoded.root, small).ok());
}

TEST(PositionSets, ranges_and_positions_agree) {
  std::vector<std::int32_t> kept = {0, 1, 2, 7, 9, 10};
  auto set = PositionSet::from_positions(kept);
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(set->positions(), kept);
  EXPECT_EQ(set->ranges().size(), 3u);
  Bytes raw;
  set->serialize(raw);
  EXPECT_EQ(*PositionSet::parse(raw, 11), *set);
  EXPECT_FALSE(PositionSet::parse(raw, 10).ok());
  EXPECT_FALSE(PositionSet::from_positions(std::vector<std::int32_t>{3, 3}).ok());
  EXPECT_FALSE(PositionSet::from_positions(std::vector<std::int32_t>{-1}).ok());
}

TEST(ChunkRangeSets, hold_what_was_added_in_any_order) {
  Rng rng(3);
  ChunkRanges ranges;
  std::vector<bool> truth(200);
  for (int i = 0; i < 150; ++i) {
    auto index = static_cast<std::uint32_t>(rng.below(200));
    ranges.add(index);
    truth[index] = true;
  }
  for (std::uint32_t i = 0; i < 200; ++i) EXPECT_EQ(ranges.contains(i), truth[i]);
  Bytes raw;
  ranges.serialize(raw);
  EXPECT_EQ(*ChunkRanges::parse(raw), ranges);
}

}  // namespace
}  // namespace kvferry::test
