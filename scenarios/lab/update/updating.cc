// SPDX-License-Identifier: MIT
#include "scenarios/lab/update/updating.h"

#include <algorithm>
#include <array>

#include "codec/concatenate.h"
#include "codec/decoder.h"
#include "protocol/card/shared_chunks.h"

namespace kvferry {
namespace {

double manifest_bytes(const Card& card) {
  return static_cast<double>(card.file_bytes() - card.manifest.payload_bytes());
}

double new_payload_bytes(const Card& before, const Card& now) {
  const auto shared = ChunksByDigest(before.manifest).shared_with(now.manifest);
  double bytes = 0;
  for (std::uint32_t i = 0; i < now.manifest.chunks.size(); ++i) {
    if (!shared.contains(i)) bytes += now.manifest.chunks[i].size_bytes;
  }
  return bytes;
}

}  // namespace

const char* to_string(UpdateWay way) {
  switch (way) {
    case UpdateWay::kAll:
      return "send all";
    case UpdateWay::kExact:
      return "delta";
    case UpdateWay::kMoved:
      return "delta, suffix moved";
    case UpdateWay::kStale:
      return "delta, suffix not turned";
  }
  return "";
}

UpdateSums& UpdateSums::operator+=(const UpdateSums& other) {
  const std::array members = {&UpdateSums::changes,    &UpdateSums::tokens,       &UpdateSums::new_tokens,
                              &UpdateSums::full_bytes, &UpdateSums::sent_bytes,   &UpdateSums::full_flops,
                              &UpdateSums::flops,      &UpdateSums::old_f1,       &UpdateSums::old_questions,
                              &UpdateSums::new_f1,     &UpdateSums::new_questions};
  for (const auto member : members) this->*member += other.*member;
  fidelity += other.fidelity;
  return *this;
}

double Updating::flops(double tokens, double before) const {
  return tokens * reader_.config().flops_per_token(before + tokens / 2);
}

CardOrder Updating::order(const std::string& document) const {
  CardOrder order;
  order.preset = preset_;
  order.document = document;
  order.calibration = calibration_;
  return order;
}

// The tokens between the ends that are equal are read behind the prefix; the suffix has not seen them.
Result<KvCache> Updating::keep_suffix(const EditedDocument& document, const KvCache& before,
                                      const Reuse& reuse, bool turned, UpdateSums& sums) const {
  const double theta = reader_.identity().rope_theta;
  const auto now = static_cast<std::uint32_t>(reader_.document_tokens(document.now).size());
  const std::uint32_t middle_end = now - reuse.suffix;
  std::vector<KvCache> parts;
  const auto add = [&](Result<KvCache> part) -> Result<void> {
    if (!part) return part.error();
    parts.push_back(std::move(*part));
    return {};
  };
  if (auto prefix = add(part_of(before, 0, reuse.prefix, theta)); !prefix) return prefix.error();
  if (middle_end > reuse.prefix) {
    const auto read = reader_.read_on(before, reuse.prefix, document.now);
    if (!read) return read.error();
    if (auto middle = add(part_of(*read, reuse.prefix, middle_end, theta)); !middle) return middle.error();
  }
  const std::uint32_t rows_before = before.token_count();
  if (auto suffix = add(part_of(before, rows_before - reuse.suffix, rows_before, theta)); !suffix)
    return suffix.error();
  sums.new_tokens += middle_end - reuse.prefix;
  sums.flops += flops(middle_end - reuse.prefix, reuse.prefix);
  std::vector<const KvCache*> pointers;
  for (const KvCache& part : parts) pointers.push_back(&part);
  auto joined = concatenate(pointers, theta);
  if (!joined || turned) return joined;
  const std::size_t channels = joined->geometry().channels();
  for (std::uint32_t layer = 0; layer < joined->geometry().layers; ++layer) {
    const auto old = before.key_data(layer).subspan((rows_before - reuse.suffix) * channels);
    std::ranges::copy(old, joined->key_data(layer).subspan(middle_end * channels).begin());
  }
  return joined;
}

Result<KvCache> Updating::cache_of(const EditedDocument& document, const KvCache& before, const Reuse& reuse,
                                   UpdateWay way, UpdateSums& sums) const {
  if (way == UpdateWay::kMoved || way == UpdateWay::kStale)
    return keep_suffix(document, before, reuse, way == UpdateWay::kMoved, sums);
  const std::uint32_t prefix = way == UpdateWay::kAll ? 0 : reuse.prefix;
  auto now = reader_.read_on(before, prefix, document.now);
  if (!now) return now;
  sums.new_tokens += now->token_count() - prefix;
  sums.flops += flops(now->token_count() - prefix, prefix);
  return now;
}

Result<void> Updating::ask(const EditedDocument& document, const KvCache& cache, UpdateSums& sums) const {
  const auto full = reader_.prefill(document.now);
  if (!full) return full.error();
  const auto ask_all = [&](const std::vector<Question>& questions, double& f1,
                           double& asked) -> Result<void> {
    for (const auto& question : questions) {
      const auto fidelity = reader_.compare(*full, cache, question.text, question.answer);
      if (!fidelity) return fidelity.error();
      sums.fidelity += *fidelity;
      const auto answer = reader_.answer(cache, question.text);
      if (!answer) return answer.error();
      f1 += score_answer(answer->text, question.answer).f1;
      asked += 1;
    }
    return {};
  };
  if (auto done = ask_all(document.old_questions, sums.old_f1, sums.old_questions); !done) return done;
  return ask_all(document.new_questions, sums.new_f1, sums.new_questions);
}

Result<UpdateSums> Updating::update(const EditedDocument& document, UpdateWay way) const {
  UpdateSums sums;
  const auto before = reader_.prefill(document.before);
  if (!before) return before.error();
  const auto card = make_card(reader_, *before, order(document.before));
  if (!card) return card.error();
  Reuse reuse = common_ends(reader_.document_tokens(document.before), reader_.document_tokens(document.now));
  const auto now = cache_of(document, *before, reuse, way, sums);
  if (!now) return now.error();
  if (way == UpdateWay::kExact) reuse.suffix = 0;
  const auto alone = make_card(reader_, *now, order(document.now));
  if (!alone) return alone.error();
  auto next = way == UpdateWay::kAll ? Result<Card>(*alone)
                                     : update_card(reader_, *card, *now, reuse, order(document.now));
  if (!next) return next.error();
  const auto decoded = decode(*next, {.calibration = calibration_});
  if (!decoded) return decoded.error();
  sums.changes = 1;
  sums.tokens = now->token_count();
  sums.full_flops = flops(sums.tokens, 0);
  sums.sent_bytes =
      manifest_bytes(*next) + (way == UpdateWay::kAll ? static_cast<double>(next->manifest.payload_bytes())
                                                      : new_payload_bytes(*card, *next));
  sums.full_bytes = static_cast<double>(alone->file_bytes());
  // Chunks hold K before RoPE: one that is not turned has to be put back by hand.
  if (auto asked = ask(document, way == UpdateWay::kStale ? *now : *decoded, sums); !asked)
    return asked.error();
  return sums;
}

}  // namespace kvferry
