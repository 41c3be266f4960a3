-- SPDX-License-Identifier: MIT
--
-- Every field (F.x is filter kvferry.x, dots and all: F["hello.magic"]) and every expert info (E.x).

local schema = require("kvferry.schema")

local F, E = {}, {}
local ABBREV = "kvferry."

local function field(make, abbrev, name, ...)
  F[abbrev] = F[abbrev] or make(ABBREV .. abbrev, name, ...)
end

local function number(abbrev, name, values) field(ProtoField.uint64, abbrev, name, base.DEC, values) end
local function text(abbrev, name) field(ProtoField.string, abbrev, name) end
local function bytes(abbrev, name) field(ProtoField.bytes, abbrev, name) end
local function bool(abbrev, name) field(ProtoField.bool, abbrev, name) end
local function group(abbrev, name) field(ProtoField.none, abbrev, name) end

local BY_KIND = {
  number = function(r) number(r.abbrev, r.name, r.values) end,
  numbers = function(r) number(r.abbrev, r.name) end,
  features = function(r) field(ProtoField.uint64, r.abbrev, r.name, base.HEX) end,
  text = function(r) text(r.abbrev, r.name) end,
  ranges = function(r) text(r.abbrev, r.name) number(r.abbrev .. ".count", "Number of " .. r.name:lower()) end,
  position_sets = function(r) text(r.abbrev, r.name) number(r.abbrev .. ".count", "Number of positions") end,
  partial = function(r)
    group(r.abbrev, r.name)
    number(r.abbrev .. ".chunk", "Chunk")
    number(r.abbrev .. ".bytes", "Bytes of it that are here")
  end,
  curve = function(r)
    group(r.abbrev, r.name)
    number(r.abbrev .. ".chunks", "Chunks")
    field(ProtoField.float, r.abbrev .. ".kl", "KL divergence, nats")
    field(ProtoField.float, r.abbrev .. ".top1", "Top-1 agreement")
  end,
  float = function(r) field(ProtoField.double, r.abbrev, r.name) end,
  bool = function(r) bool(r.abbrev, r.name) end,
  digest = function(r) bytes(r.abbrev, r.name) end,
  digests = function(r) bytes(r.abbrev, r.name) end,
  map = function(r) group(r.abbrev, r.name) end,
  root = function(r) group(r.abbrev, r.name) end,
  page = function(r) group(r.abbrev, r.name) end,
}

for _, map in pairs(schema) do
  for key, row in pairs(map) do
    if type(key) == "number" then BY_KIND[row.kind](row) end
  end
end

local FEATURES = { [0] = "Obeys held chunks", "Reads PROGRESS", "Bridges between models", "Reads REPAIR",
  "Takes datagrams beside streams", "Lets its documents be followed" }
F.features = {}
for bit = 0, 5 do
  local abbrev = "hello.features." .. ({ [0] = "held", "progress", "bridges", "repair", "datagrams", "follow" })[bit]
  bool(abbrev, FEATURES[bit])
  F.features[bit] = F[abbrev]
end

-- Frames of both bindings
group("frame", "Frame")
field(ProtoField.uint64, "frame.type", "Type", base.HEX)
text("frame.name", "Name")
number("frame.length", "Length of the body")
field(ProtoField.uint32, "crc", "CRC32C", base.HEX)
field(ProtoField.uint8, "crc.status", "CRC32C status", base.DEC, { [0] = "Bad", "Good", "Unverified" })
bytes("frame.body", "Body")
text("unknown_key", "Unknown key (ignored)")
text("reserved_key", "Reserved key (ignored)")
text("wrong_type", "Value of a wrong type")
bytes("undecoded", "Not decoded")

-- DATA
number("data.chunk", "Chunk")
number("data.offset", "Offset")
number("data.length", "Payload length")
bytes("data.bytes", "Payload")

-- Pages
group("page.entry", "Entry")
number("page.entry.number", "Entry")
bytes("page.entry.digest", "SHA-256")
number("page.entry.size", "Size")
number("page.entry.layer_begin", "Layer begin")
number("page.entry.layer_count", "Layer count")
number("page.entry.row_begin", "Row begin")
number("page.entry.row_count", "Row count")
field(ProtoField.uint8, "page.entry.kind", "Kind", base.DEC, { [0] = "key", "value", "both", "tables" }, 0x03)
field(ProtoField.bool, "page.entry.refines", "Refines the level below", 8, nil, 0x04)
field(ProtoField.uint8, "page.entry.kind.other", "Other bits (0)", base.HEX, nil, 0xF8)
field(ProtoField.uint8, "page.entry.level", "Level", base.DEC)
field(ProtoField.float, "page.entry.importance", "Importance")

-- Packets
field(ProtoField.uint8, "packet.kind", "Kind", base.HEX,
  { [0xA0] = "VERSIONS", [0xA1] = "PACKET", [0xA3] = "RETRY" })
field(ProtoField.uint64, "connection_id", "Connection id", base.HEX)
number("packet.number", "Packet number")
field(ProtoField.uint8, "versions.kind", "Kind that the server knows", base.HEX)
bytes("token", "Token")
bytes("challenge", "Challenge")
bytes("response", "Response")
number("ack.largest", "Largest")
number("ack.delay_us", "Delay, µs")
number("ack.range", "Range − 1")
number("ack.gap", "Gap − 1")
text("ack.numbers", "Numbers")
number("ack.count", "Number of packets")
number("repair.first", "First number")
number("repair.size", "Bytes of the covered numbers")
text("repair.covered", "Covered numbers")
number("repair.count", "Number of packets in the block (k)")
number("repair.symbol_index", "Index of this repair symbol (j)")
number("repair.symbols", "Repair symbols of the block (r)")
bytes("repair.symbol", "Symbol")

-- The control stream
number("control.offset", "Offset in the control stream")
number("control.length", "Bytes of the control stream")
bytes("control.bytes", "Bytes")
field(ProtoField.framenum, "control.dissected_in", "Message dissected in frame", base.NONE)
text("control.note", "Control stream")

local function define(name, textual, class, severity)
  E[name] = ProtoExpert.new(ABBREV .. "expert." .. name, textual, class, severity)
end
define("malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR)
define("checksum", "CRC32C differs", expert.group.CHECKSUM, expert.severity.ERROR)
define("not_allowed", "Not allowed", expert.group.PROTOCOL, expert.severity.ERROR)
define("critical", "Unknown critical frame", expert.group.UNDECODED, expert.severity.ERROR)
define("misplaced", "A type without a place in this binding", expert.group.PROTOCOL, expert.severity.ERROR)
define("limit", "Above its limit", expert.group.PROTOCOL, expert.severity.ERROR)
define("cut", "Not all in the capture", expert.group.UNDECODED, expert.severity.NOTE)
define("unknown", "Not described by this version", expert.group.UNDECODED, expert.severity.NOTE)
define("ended", "Ended because of an error", expert.group.RESPONSE_CODE, expert.severity.NOTE)

return { F = F, E = E }
