// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/ns3/example_options.h"

#include "protocol/card/card_file.h"
#include "scenarios/shapes/shape_card.h"
#include "sim/model/kv-virtual-card.h"

namespace kvferry::sim {

ExampleOptions::ExampleOptions(const std::string& program, const std::string& usage, uint32_t tokens)
    : KvCommandLine(program, usage), m_tokens(tokens) {
  AddValue("card", "a file with a card whose bytes travel; without, only the sizes of one of a shape",
           m_file);
  AddValue("model", "the shape: " + shape_names(), m_model);
  AddValue("tokens", "of the document", m_tokens);
  AddValue("preset", "fp16, int8, int4, int2, or bits:X", m_preset);
  AddValue("deadline", "after which a reader gives up", m_deadline);
}

void ExampleOptions::Read(int argc, char** argv) {
  check_or_usage(Parse(argc, argv));
  if (!m_deadline.IsStrictlyPositive()) throw UsageError("--deadline: expected more than 0");
  m_card = OpenCard();
}

std::shared_ptr<ChunkSource> ExampleOptions::OpenCard() const {
  if (!m_file.empty()) {
    auto card = value_or_fail(read_card_file(m_file));
    if (auto sound = card.verify(); !sound) throw Failure(sound.error().in(m_file));
    return std::make_shared<CardSource>(std::move(card));
  }
  const auto shape = find_shape(m_model);
  if (!shape) throw UsageError("--model=" + m_model + ": expected " + shape_names());
  return std::make_shared<KvVirtualSource>(value_or_usage(shape_manifest(*shape, m_tokens, m_preset)));
}

KvAgentHelper ExampleOptions::MakeAgents() const {
  KvAgentHelper agents;
  agents.SetAttribute("Deadline", ns3::TimeValue(m_deadline));
  return agents;
}

std::string ExampleOptions::Describe() const {
  const auto& card = m_card->manifest();
  constexpr double kMiB = 1 << 20;
  char text[160];
  std::snprintf(text, sizeof text, "%.1f MiB of FP16 cache as a card of %.2f MiB in %zu chunks\n",
                static_cast<double>(card.raw_bytes) / kMiB, static_cast<double>(card.payload_bytes()) / kMiB,
                card.chunks.size());
  return text;
}

}  // namespace kvferry::sim
