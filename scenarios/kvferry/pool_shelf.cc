// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/pool_shelf.h"

#include "scenarios/kvferry/wishes.h"
#include "scenarios/log.h"

namespace kvferry {
namespace {

Error tell_operator(const Error& error) {
  log(LogLevel::kError, "pool", {{"why", error.message}});
  return Error{"the card cannot be read here"};
}

// Keeps paths and keys from the peer.
class DiscreetSource final : public ChunkSource {
 public:
  explicit DiscreetSource(std::shared_ptr<ChunkSource> source) : source_(std::move(source)) {}
  [[nodiscard]] const Manifest& manifest() const override { return source_->manifest(); }
  [[nodiscard]] Result<Slice> chunk(std::uint32_t index) override {
    auto chunk = source_->chunk(index);
    return chunk ? chunk : tell_operator(chunk.error());
  }

 private:
  std::shared_ptr<ChunkSource> source_;
};

}  // namespace

Result<std::optional<Digest>> PoolShelf::wanted(const RequestOptions& request) const {
  if (request.card) return request.card;
  // What cannot be a name has not been bound.
  if (!check_name(request.document)) return std::optional<Digest>();
  return pool_->resolve(request.document);
}

Result<std::shared_ptr<ChunkSource>> PoolShelf::find(const RequestOptions& request) const {
  const auto card = wanted(request);
  if (!card) return tell_operator(card.error());
  if (!*card) return no_such_card(request);
  auto source = pool_->find(**card);
  if (!source) return tell_operator(source.error());
  if (!*source) return no_such_card(request);
  if (auto answers = check_wishes((*source)->manifest(), request); !answers) return answers.error();
  return std::shared_ptr<ChunkSource>(std::make_shared<DiscreetSource>(std::move(*source)));
}

std::shared_ptr<const Manifest> PoolShelf::find_base(const Digest& digest) const {
  const auto source = pool_->find(digest);
  if (!source || !*source) return nullptr;
  return {*source, &(*source)->manifest()};
}

}  // namespace kvferry
