// SPDX-License-Identifier: MIT
//
// Section 11.1: what comes first, and what is not begun at all.
#include "scenarios/kvferry/conform/check.h"
#include "scenarios/kvferry/conform/steps.h"

namespace kvferry::conform {
namespace {

constexpr std::uint32_t kNobodysCodec = 0x7FFF'FFF0;

void pages_before_data(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  expect_rest(*peer, id, manifest_of(peer->reception(id)));
  expect(peer->reception(id).data_before_pages == 0,
         std::to_string(peer->reception(id).data_before_pages) +
             " DATA frames came before the whole manifest, expected MANIFEST and every PAGE first");
}

void data_without_asking(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = peer->request(trial.wanted());
  expect_manifest(*peer, id);
  peer->wait_until([&] { return !peer->reception(id).data.empty(); });
  expect(!peer->reception(id).data.empty(), "the manifest came and no DATA, expected it to follow");
}

void waits_for_have(Trial& trial) {
  auto peer = trial.greeted();
  const TransferId id = begin_manifest_first(trial, *peer, trial.wanted());
  peer->settle();
  expect(peer->reception(id).data.empty(), "DATA came before HAVE, expected the source to wait");
  peer->send({have(id)});
  expect_rest(*peer, id, trial.card().manifest);
}

// A HELLO that the card does not fit.
Check too_large(const char* what, void (*shrink)(Limits&, const KnownCard&)) {
  return {"TRF-6", what, On::kBoth, [shrink](Trial& trial) {
            HelloMessage hello = usual_hello();
            shrink(hello.hello.limits, trial.card());
            auto peer = trial.greeted(hello);
            expect_refused(*peer, peer->request(trial.wanted()), TransferError::kLimits);
            expect_alive(*peer);
          }};
}

HelloMessage hello_of_another_model(Trial& trial) {
  HelloMessage hello = usual_hello();
  hello.hello.model = trial.card().manifest.model;
  hello.hello.model->weights = sha256(as_bytes("other weights"));
  return hello;
}

void another_model(Trial& trial) {
  auto peer = trial.greeted(hello_of_another_model(trial));
  expect_refused(*peer, peer->request(trial.wanted()), TransferError::kModel);
}

void the_same_model(Trial& trial) {
  HelloMessage hello = usual_hello();
  hello.hello.model = trial.card().manifest.model;
  auto peer = trial.greeted(hello);
  expect_manifest(*peer, peer->request(trial.wanted()));
}

void bridged_model(Trial& trial) {
  HelloMessage hello = hello_of_another_model(trial);
  hello.hello.features |= kFeatureCalibration;
  auto peer = trial.greeted(hello);
  expect_manifest(*peer, peer->request(trial.wanted()));
}

void another_codec(Trial& trial) {
  HelloMessage hello = usual_hello();
  hello.hello.codecs = {kNobodysCodec};
  auto peer = trial.greeted(hello);
  expect_refused(*peer, peer->request(trial.wanted()), TransferError::kCodec);
}

void its_codec_among_others(Trial& trial) {
  HelloMessage hello = usual_hello();
  hello.hello.codecs = {static_cast<std::uint32_t>(trial.card().manifest.codec), kNobodysCodec};
  auto peer = trial.greeted(hello);
  expect_manifest(*peer, peer->request(trial.wanted()));
}

void too_high_a_quality(Trial& trial) {
  const auto& divergence = trial.card().manifest.divergence;
  skip_unless(!divergence || divergence->top1 < 1, "the card agrees wholly with the full cache");
  auto peer = trial.greeted();
  RequestMessage request = trial.wanted();
  request.options.min_quality = 1.0;
  expect_refused(*peer, peer->request(request), TransferError::kQuality);
}

void enough_quality(Trial& trial) {
  const auto& divergence = trial.card().manifest.divergence;
  skip_unless(divergence.has_value(), "the card's quality was not measured");
  auto peer = trial.greeted();
  RequestMessage request = trial.wanted();
  request.options.min_quality = divergence->top1;
  expect_manifest(*peer, peer->request(request));
}

void another_digest(Trial& trial) {
  auto peer = trial.greeted();
  RequestMessage request = trial.wanted();
  request.options.card = sha256(as_bytes("no card"));
  expect_refused(*peer, peer->request(request), TransferError::kNotHere);
}

}  // namespace

std::vector<Check> beginning_checks() {
  return {
      {"TRF-4", "MANIFEST and every PAGE come before DATA", On::kStream, pages_before_data},
      {"TRF-4", "DATA follows the manifest without waiting", On::kBoth, data_without_asking},
      {"TRF-4", "with manifest first DATA waits for HAVE, of no chunks too", On::kBoth, waits_for_have},
      too_large("a root larger than limit 0 is refused",
                [](Limits& l, const KnownCard& card) { l.max_root_bytes = card.root_bytes - 1; }),
      too_large("more chunks than limit 1 are refused",
                [](Limits& l, const KnownCard& card) { l.max_chunks = card.chunks() - 1; }),
      too_large("a chunk larger than limit 2 is refused",
                [](Limits& l, const KnownCard& card) { l.max_chunk_bytes = card.largest_bytes() - 1; }),
      too_large("a card larger than limit 3 is refused",
                [](Limits& l, const KnownCard& card) { l.max_card_bytes = card.payload_bytes() - 1; }),
      {"TRF-6", "a card of another model than the receiver's is refused", On::kBoth, another_model},
      {"TRF-6", "a card of the receiver's model is served", On::kBoth, the_same_model},
      {"TRF-6", "a receiver that bridges between models is served", On::kBoth, bridged_model},
      {"TRF-6", "a codec that the receiver does not decode is refused", On::kBoth, another_codec},
      {"TRF-6", "a codec among those that the receiver decodes is served", On::kBoth, its_codec_among_others},
      {"TRF-6", "a minimum quality of 1 that was not measured is refused", On::kBoth, too_high_a_quality},
      {"TRF-6", "a minimum quality that was measured is served", On::kBoth, enough_quality},
      {"TRF-6", "a digest that is not here is refused", On::kBoth, another_digest},
  };
}

}  // namespace kvferry::conform
