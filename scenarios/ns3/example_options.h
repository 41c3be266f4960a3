// SPDX-License-Identifier: GPL-2.0-only
//
// What the command lines of all scripts share: which card travels, and by when it
// has to be there.
#pragma once

#include <memory>
#include <string>

#include "protocol/card/chunk_flow.h"
#include "scenarios/program.h"
#include "sim/helper/kv-agent-helper.h"
#include "sim/helper/kv-command-line.h"

namespace kvferry::sim {

class ExampleOptions : public KvCommandLine {
 public:
  // tokens: of a document whose cache has Llama-3-8B's shape, unless the user wants another card.
  ExampleOptions(const std::string& program, const std::string& usage, uint32_t tokens);

  // Sets everything from the command line. Throws UsageError.
  void Read(int argc, char** argv);

  [[nodiscard]] const std::shared_ptr<ChunkSource>& GetCard() const { return m_card; }
  // Agents with the deadline.
  [[nodiscard]] KvAgentHelper MakeAgents() const;
  // A line about the card.
  [[nodiscard]] std::string Describe() const;

 private:
  [[nodiscard]] std::shared_ptr<ChunkSource> OpenCard() const;

  std::string m_file, m_model = "llama-3-8b", m_preset = "int4";
  uint32_t m_tokens;
  ns3::Time m_deadline = ns3::Seconds(600);
  std::shared_ptr<ChunkSource> m_card;
};

}  // namespace kvferry::sim
