-- SPDX-License-Identifier: MIT
--
-- The maps of SPEC.md as data: key, field, name and type of sections 7, 8 and 13. A row's `abbrev` becomes the filter
-- kvferry.ABBREV; rows of several maps may share one. `usual`: the value that an absent key stands for, and that is never
-- written out (PRM-5); of an optional byte string it is the empty one. `closed`: the requirement that allows no other keys.

local LIMIT_62 = 2 ^ 62

local function row(abbrev, name, kind, more)
  local r = more or {}
  r.abbrev, r.name, r.kind = abbrev, name, kind
  return r
end

local function optional(r)
  r.optional = true
  return r
end

local CONNECTION_CODES = {
  [0] = "none", "malformed", "checksum", "limit", "unexpected", "unknown critical frame", "version", "acknowledgement",
  "idle", "handshake", "end of stream", "application", "internal",
}
local TRANSFER_CODES = {
  [0] = "other", "not here", "limits", "model", "codec", "quality", "damaged", "busy", "base", "stalled", "storage",
  "not possible",
}
local SKIP_REASONS = { [0] = "level", "deadline", "budget", "choice", "lost" }
local ELEMENT_TYPES = { [0] = "FP16", "BF16", "FP32" }

local S = {}

local function transfer() return row("transfer", "Transfer", "number", { max = LIMIT_62 - 1 }) end
local function chunks() return row("chunks", "Chunks", "ranges", { bytes = 32768, count = 4096, below = 2 ^ 32 - 1 }) end
local function held() return row("held", "Held chunks", "ranges", { bytes = 32768, count = 4096, below = 2 ^ 32 - 1 }) end
local function card() return row("card", "Card", "digest") end
local function document() return row("document", "Document", "text", { bytes = 1024 }) end
local function reason() return row("reason", "Reason", "text", { bytes = 1024 }) end
local function partial() return optional(row("partial", "Partial", "partial", { count = 64 })) end
local function manifest_first() return optional(row("manifest_first", "Manifest first", "bool", { is = true })) end
local function droppable_from() return optional(row("droppable_from", "Droppable from level", "number", { max = 255 })) end

S.LIMITS = {
  name = "Limits",
  [0] = row("limits.root_bytes", "Root bytes", "number"),
  row("limits.chunks", "Chunks of a card", "number"),
  row("limits.chunk_bytes", "Bytes of a chunk", "number"),
  row("limits.card_bytes", "Bytes of a card", "number"),
  row("limits.transfers", "Open transfers", "number"),
  row("limits.credit", "Credit that a transfer starts with", "number"),
  optional(row("limits.eager_bytes", "Bytes of eager offers", "number", { usual = 0 })),
}

S.MODEL = {
  name = "Model",
  closed = "PRM-5",
  [0] = row("model.architecture", "Architecture", "text", { bytes = 128 }),
  row("model.layers", "Layers", "number", { min = 1, max = 1024 }),
  row("model.kv_heads", "KV heads", "number", { min = 1, max = 1024 }),
  row("model.head_size", "Head size", "number", { min = 1, max = 4096 }),
  row("model.rope_base", "RoPE base", "float", { min = 0 }),
  row("model.k_after_rope", "K after RoPE", "bool"),
  row("model.element_type", "Element type", "number", { max = 2, values = ELEMENT_TYPES }),
  row("model.tokenizer", "Tokenizer", "digest"),
  row("model.weights", "Weights", "digest"),
}

S.DIVERGENCE = {
  name = "Divergence",
  closed = "PRM-5",
  [0] = row("divergence.kl", "KL divergence, nats", "float"),
  row("divergence.top1", "Top-1 agreement", "float"),
  row("divergence.tokens", "Tokens measured on", "number"),
}

S.ROOT = {
  name = "Root",
  closed = "MAN-1",
  [0] = row("root.format", "Format version", "number", { min = 1, max = 1 }),
  row("root.model", "Model", "map", { of = S.MODEL }),
  row("root.token_count", "Token count before selection", "number", { max = 2 ^ 24 }),
  row("root.position_set", "Position set", "position_sets", { min = 1, max = 1024 }),
  row("root.layer_set", "Set of a layer", "numbers", { max = 1024 }),
  row("root.preset", "Preset", "text", { bytes = 512 }),
  row("root.codec", "Codec", "number", { max = 2 ^ 32 - 1 }),
  row("root.one_question", "Made for one question", "bool"),
  row("root.full_bytes", "Bytes of the full cache in FP16", "number"),
  row("root.chunk_count", "Chunk count", "number"),
  row("root.payload_bytes", "Payload bytes", "number"),
  row("root.page_digest", "Page digest", "digests"),
  optional(row("root.divergence", "Divergence", "map", { of = S.DIVERGENCE })),
  optional(row("root.base", "Base", "digest")),
  optional(row("root.calibration", "Calibration", "digest")),
  optional(row("root.summary", "Summary", "text", { bytes = 4096 })),
  optional(row("root.curve", "Quality curve", "curve", { max = 64 })),
}

S.HELLO = {
  info = {},
  [0] = row("hello.magic", "Magic", "text", { is = "kvferry" }),
  row("hello.version", "Version", "numbers", { min = 1, max = 16, ascending = true }),
  row("hello.features", "Features", "features"),
  row("hello.limits", "Limits", "map", { of = S.LIMITS }),
  row("hello.codec", "Codec", "numbers", { max = 64 }),
  row("hello.agent", "Agent", "text", { bytes = 128 }),
  row("hello.idle_timeout_ms", "Idle timeout, ms", "number"),
  optional(row("hello.model", "Model", "map", { of = S.MODEL })),
}

S.REQUEST = {
  info = { 0, 1, 5 },
  [0] = transfer(),
  document(),
  row("request.preset", "Preset", "text", { bytes = 1024 }),
  row("request.question", "Token of the question", "numbers", { max = 8192 }),
  held(),
  optional(card()),
  optional(row("request.deadline_us", "Deadline, µs", "number", { max = 2 ^ 52 - 1 })),
  optional(row("request.byte_budget", "Byte budget", "number")),
  optional(row("request.minimum_quality", "Minimum quality", "float", { min = 0, max = 1 })),
  partial(),
  optional(row("request.bases", "Base", "digests", { max = 16 })),
  manifest_first(),
  optional(row("request.urgency", "Urgency", "number", { max = 7, usual = 3 })),
  droppable_from(),
  optional(row("request.after", "After", "digest")),
}

S.OFFER = {
  info = { 0, 2 },
  [0] = transfer(), card(), document(),
  row("offer.payload_bytes", "Payload bytes", "number"),
  row("offer.raw_bytes", "Raw bytes", "number"),
  optional(row("offer.base", "Base", "digest")),
  optional(row("offer.eager", "Eager", "bool", { is = true })),
}

S.ACCEPT = { info = { 0 }, [0] = transfer(), held(), partial(), manifest_first(), droppable_from() }

S.MANIFEST = {
  info = { 0 },
  [0] = transfer(),
  row("manifest.root", "Root", "root"),
  optional(row("known", "Known chunks", "ranges", { bytes = 32768, count = 4096, below = 2 ^ 32 - 1 })),
}

S.PAGE = {
  info = { 0, 1 },
  [0] = transfer(),
  row("page.index", "Index", "number"),
  row("page", "Page", "page"),
}

S.CHUNKS = { info = { 0, 1 }, [0] = transfer(), chunks() }
S.CREDIT = { info = { 0, 1 }, [0] = transfer(), row("credit", "Credit", "number") }
S.LEVEL = { info = { 0, 1 }, [0] = transfer(), row("level", "Level", "number", { max = 255 }) }
S.SKIP = {
  info = { 0, 1, 2 },
  [0] = transfer(), chunks(),
  row("skip.reason", "Reason", "number", { max = 4, values = SKIP_REASONS }),
}
S.COUNT = { info = { 0, 1 }, [0] = transfer(), row("chunk_count", "Number of chunks", "number") }
S.CONFIRM = { info = { 0, 1 }, [0] = transfer(), row("chunk_count", "Number of chunks", "number"), card() }
S.REASON = {
  info = { 0, 2, 1 },
  [0] = transfer(), reason(),
  row("transfer_code", "Code", "number", { values = TRANSFER_CODES }),
}
S.NONCE = { info = { 0 }, [0] = row("nonce", "Nonce", "number") }
S.PROGRESS = {
  info = { 0 },
  [0] = row("progress.payload_bytes", "Payload bytes so far", "number"),
  row("progress.interval_us", "Since the PROGRESS before, µs", "number"),
}
S.ENDING = {
  info = { 0, 1 },
  [0] = row("connection_code", "Code", "number", { values = CONNECTION_CODES }),
  reason(),
}

return S
