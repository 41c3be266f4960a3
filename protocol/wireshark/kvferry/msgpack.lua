-- SPDX-License-Identifier: MIT
--
-- Msgpack to a tree of nodes { kind, first, last (offsets), … }, with what is not canonical (PRM-3) in the reader's
-- problems. By kind: number u, n · negative n · float, float32 n · bool value · nil · text, bytes body (a range) ·
-- array items · map pairs { key, value }

local utf8_text = require("kvferry.utf8_text")

local DEEPEST = 6
local parse

local function hold(node, u)
  node.kind, node.u, node.n = "number", u, u:tonumber()
end

local function unsigned(reader, node, size, least)
  local range = reader:take(size, "integer")
  hold(node, size == 8 and range:uint64() or UInt64.new(range:uint()))
  node.long = node.n < least
end

local function signed(reader, node, size)
  local range = reader:take(size, "integer")
  node.kind, node.long = "negative", true
  node.n = size == 8 and range:int64():tonumber() or range:int()
end

local function float(reader, node, size, kind)
  node.kind, node.n = kind, reader:take(size, "float"):float()
end

-- Of a length field of `size` bytes that would fit `least` − 1 in a shorter one.
local function length(reader, node, size, least)
  local n = reader:take(size, "length"):uint()
  node.long = n < least
  return n
end

local function blob(reader, node, kind, size)
  node.kind, node.body = kind, reader:take(size, kind)
end

local function array(reader, node, count, depth)
  if count > reader:left() then reader:fail("array of " .. count .. " elements: more than bytes") end
  node.kind, node.items = "array", {}
  for i = 1, count do node.items[i] = parse(reader, depth + 1) end
end

local function map(reader, node, count, depth)
  if 2 * count > reader:left() then reader:fail("map of " .. count .. " keys: more than bytes") end
  node.kind, node.pairs = "map", {}
  local before
  for i = 1, count do
    local key = parse(reader, depth + 1)
    if key.kind ~= "number" then
      key.complaint = "a key that is not an unsigned integer"
    elseif before and key.u <= before then
      key.complaint = "keys are not ascending"
    end
    if key.complaint then reader:problem(reader.tvb:range(key.first, key.last - key.first), key.complaint) end
    before = key.u or before
    node.pairs[i] = { key = key, value = parse(reader, depth + 1) }
  end
end

local BY_TOP = {
  [0xC0] = function(_, node) node.kind = "nil" end,
  [0xC2] = function(_, node) node.kind, node.value = "bool", false end,
  [0xC3] = function(_, node) node.kind, node.value = "bool", true end,
  [0xC4] = function(r, node) blob(r, node, "bytes", length(r, node, 1, 0)) end,
  [0xC5] = function(r, node) blob(r, node, "bytes", length(r, node, 2, 2 ^ 8)) end,
  [0xC6] = function(r, node) blob(r, node, "bytes", length(r, node, 4, 2 ^ 16)) end,
  [0xCA] = function(r, node) float(r, node, 4, "float32") end,
  [0xCB] = function(r, node) float(r, node, 8, "float") end,
  [0xCC] = function(r, node) unsigned(r, node, 1, 128) end,
  [0xCD] = function(r, node) unsigned(r, node, 2, 2 ^ 8) end,
  [0xCE] = function(r, node) unsigned(r, node, 4, 2 ^ 16) end,
  [0xCF] = function(r, node) unsigned(r, node, 8, 2 ^ 32) end,
  [0xD0] = function(r, node) signed(r, node, 1) end,
  [0xD1] = function(r, node) signed(r, node, 2) end,
  [0xD2] = function(r, node) signed(r, node, 4) end,
  [0xD3] = function(r, node) signed(r, node, 8) end,
  [0xD9] = function(r, node) blob(r, node, "text", length(r, node, 1, 32)) end,
  [0xDA] = function(r, node) blob(r, node, "text", length(r, node, 2, 2 ^ 8)) end,
  [0xDB] = function(r, node) blob(r, node, "text", length(r, node, 4, 2 ^ 16)) end,
  [0xDC] = function(r, node, depth) array(r, node, length(r, node, 2, 16), depth) end,
  [0xDD] = function(r, node, depth) array(r, node, length(r, node, 4, 2 ^ 16), depth) end,
  [0xDE] = function(r, node, depth) map(r, node, length(r, node, 2, 16), depth) end,
  [0xDF] = function(r, node, depth) map(r, node, length(r, node, 4, 2 ^ 16), depth) end,
}

local function parse_top(reader, node, top, depth)
  if top < 0x80 then
    hold(node, UInt64.new(top))
  elseif top < 0x90 then
    map(reader, node, top - 0x80, depth)
  elseif top < 0xA0 then
    array(reader, node, top - 0x90, depth)
  elseif top < 0xC0 then
    blob(reader, node, "text", top - 0xA0)
  elseif top >= 0xE0 then
    node.kind, node.n = "negative", top - 256
  elseif BY_TOP[top] then
    BY_TOP[top](reader, node, depth)
  else
    reader.at = node.first
    reader:fail(string.format("msgpack 0x%02x: extension types are not allowed", top))
  end
end

-- depth: how many maps and arrays this value stands in.
function parse(reader, depth)
  local node = { first = reader.at }
  local top = reader:take(1, "value"):uint()
  local nests = (top >= 0x80 and top < 0xA0) or (top >= 0xDC and top <= 0xDF)
  if nests and depth >= DEEPEST then reader:fail("more than 6 levels of maps and arrays") end
  parse_top(reader, node, top, depth)
  node.last = reader.at
  if node.long then
    reader:problem(reader.tvb:range(node.first, 1), "an integer or length that is not in its shortest form")
  end
  return node
end

local describe

local function describe_list(open, items, close)
  local texts = {}
  for i, item in ipairs(items) do
    if i > 8 then texts[i] = "…" break end
    texts[i] = item.key and describe(item.key) .. ": " .. describe(item.value) or describe(item)
  end
  return open .. table.concat(texts, ", ") .. close
end

local TEXTS = {
  number = function(node) return tostring(node.u) end,
  negative = function(node) return tostring(node.n) end,
  float = function(node) return tostring(node.n) end,
  float32 = function(node) return tostring(node.n) end,
  bool = function(node) return tostring(node.value) end,
  ["nil"] = function() return "nil" end,
  text = function(node) return '"' .. utf8_text(node.body) .. '"' end,
  bytes = function(node) return node.body:len() .. " bytes" end,
  array = function(node) return describe_list("[", node.items, "]") end,
  map = function(node) return describe_list("{", node.pairs, "}") end,
}

function describe(node)
  return TEXTS[node.kind](node)
end

return { parse = function(reader) return parse(reader, 0) end, describe = describe }
