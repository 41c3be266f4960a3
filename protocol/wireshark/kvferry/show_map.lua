-- SPDX-License-Identifier: MIT
--
-- A map's nodes into the tree, by the rows of schema.lua. What a value should be and is not becomes a problem of the
-- reader.

local fields = require("kvferry.fields")
local msgpack = require("kvferry.msgpack")
local ranges = require("kvferry.ranges")
local show_curve = require("kvferry.curve")
local show_page = require("kvferry.page")
local schema = require("kvferry.schema")
local Reader = require("kvferry.reader")
local utf8_text = require("kvferry.utf8_text")

local F = fields.F
local show_map

local function span(reader, node)
  return reader.tvb:range(node.first, node.last - node.first)
end

-- A reader of a byte string's contents that complains to the same list.
local function inside(reader, node)
  local inner = Reader.new(reader.tvb, node.last - node.body:len(), node.last)
  inner.problems = reader.problems
  return inner
end

local function check_number(reader, range, row, n)
  if (row.max and n > row.max) or (row.min and n < row.min) then reader:problem(range, row.name .. ": out of its limits") end
end

local function check_count(reader, range, row, count)
  if (row.max and count > row.max) or (row.min and count < row.min) then
    reader:problem(range, string.format("%s: %d of them", row.name, count))
  end
end

local function number(tree, reader, row, node)
  local range = span(reader, node)
  tree:add(F[row.abbrev], range, node.u)
  check_number(reader, range, row, node.n)
  return row.values and row.values[node.n] or tostring(node.u)
end

local function numbers(tree, reader, row, node)
  check_count(reader, span(reader, node), row, #node.items)
  local before = -1
  for _, item in ipairs(node.items) do
    local range = span(reader, item)
    if item.kind ~= "number" then
      tree:add(F["wrong_type"], range, msgpack.describe(item))
      reader:problem(range, row.name .. ": not a number")
    else
      tree:add(F[row.abbrev], range, item.u)
      if row.ascending and item.n <= before then reader:problem(range, row.name .. ": not ascending") end
      before = item.n
    end
  end
end

local function features(tree, reader, row, node)
  local item = tree:add(F[row.abbrev], span(reader, node), node.u)
  local low = (node.u % UInt64.new(32)):tonumber()
  for bit = 0, 5 do
    local set = math.floor(low / 2 ^ bit) % 2 == 1
    item:add(F.features[bit], span(reader, node), set):set_generated()
  end
end

local function text(tree, reader, row, node)
  local range = span(reader, node)
  local value = utf8_text(node.body)
  tree:add(F[row.abbrev], range, value)
  local raw = node.body:len() == 0 and "" or node.body:raw()
  if raw:find("[%z\1-\31\127]") then reader:problem(range, row.name .. ": a control character (PRM-4)") end
  if row.bytes and #raw > row.bytes then reader:problem(range, row.name .. ": too long") end
  if row.is and raw ~= row.is then reader:problem(range, row.name .. ': not "' .. row.is .. '"') end
  return '"' .. value .. '"'
end

local function float(tree, reader, row, node)
  local range = span(reader, node)
  tree:add(F[row.abbrev], range, node.n)
  if node.n ~= node.n or math.abs(node.n) == math.huge then reader:problem(range, row.name .. ": not finite (PRM-4)") end
  check_number(reader, range, row, node.n)
end

local function bool(tree, reader, row, node)
  local range = span(reader, node)
  tree:add(F[row.abbrev], range, node.value)
  if row.is ~= nil and node.value ~= row.is then reader:problem(range, row.name .. ": not " .. tostring(row.is)) end
end

local function digest(tree, reader, row, node)
  if node.body:len() == 0 then
    reader:problem(span(reader, node), row.name .. ": empty")
    return ""
  end
  tree:add(F[row.abbrev], node.body)
  if node.body:len() ~= 32 then reader:problem(node.body, row.name .. ": not 32 bytes") end
  return tostring(node.body:bytes()):lower():sub(1, 8)
end

local function digests(tree, reader, row, node)
  local inner, count = inside(reader, node), 0
  while inner:left() > 0 do
    tree:add(F[row.abbrev], inner:take(32, row.name))
    count = count + 1
  end
  check_count(reader, span(reader, node), row, count)
end

local function range_set(tree, reader, row, node)
  local range = span(reader, node)
  local set = ranges.read(inside(reader, node))
  local item = tree:add(F[row.abbrev], range, set.text)
  item:add(F[row.abbrev .. ".count"], range, set.total):set_generated()
  if (row.count and set.ranges > row.count) or (row.bytes and node.body:len() > row.bytes) then
    reader:problem(range, row.name .. ": too many ranges")
  end
  if row.below and set.last >= row.below then reader:problem(range, row.name .. ": beyond 2^32 - 2") end
  return set.text
end

local function position_sets(tree, reader, row, node)
  check_count(reader, span(reader, node), row, #node.items)
  for _, item in ipairs(node.items) do
    if item.kind == "bytes" then
      range_set(tree, reader, { abbrev = row.abbrev, name = row.name }, item)
    else
      tree:add(F["wrong_type"], span(reader, item), msgpack.describe(item))
      reader:problem(span(reader, item), row.name .. ": not a byte string")
    end
  end
end

local function partial(tree, reader, row, node)
  local item = tree:add(F[row.abbrev], span(reader, node))
  local inner, count, before = inside(reader, node), 0, -1
  while inner:left() > 0 do
    local chunk, size = inner:varint("chunk"), inner:varint("bytes")
    item:add(F[row.abbrev .. ".chunk"], chunk.range, chunk.u)
    item:add(F[row.abbrev .. ".bytes"], size.range, size.u)
    if chunk.n <= before then reader:problem(chunk.range, row.name .. ": chunks are not ascending") end
    before, count = chunk.n, count + 1
  end
  if count > row.count then reader:problem(span(reader, node), row.name .. ": too many chunks") end
end

local function curve(tree, reader, row, node)
  local range = span(reader, node)
  local count = show_curve(tree:add(F[row.abbrev], range), inside(reader, node), row)
  check_count(reader, range, row, count)
end

local function map(tree, reader, row, node)
  show_map(tree:add(F[row.abbrev], span(reader, node)), reader, node, row.of)
end

local function root(tree, reader, row, node)
  local item, inner = tree:add(F[row.abbrev], span(reader, node)), inside(reader, node)
  local top = msgpack.parse(inner)
  if inner:left() > 0 then inner:problem(inner:here(inner:left()), "bytes after the root") end
  if top.kind ~= "map" then inner:fail("the root is not a map") end
  show_map(item, inner, top, schema.ROOT)
end

local function page(tree, reader, row, node)
  show_page(tree:add(F[row.abbrev], span(reader, node)), inside(reader, node))
end

-- Row kind to { what msgpack has to hold, how it is shown }.
local SHOW = {
  number = { "number", number }, numbers = { "array", numbers }, features = { "number", features },
  text = { "text", text }, float = { "float", float }, bool = { "bool", bool }, digest = { "bytes", digest },
  digests = { "bytes", digests }, ranges = { "bytes", range_set }, position_sets = { "array", position_sets },
  partial = { "bytes", partial }, curve = { "bytes", curve }, map = { "map", map }, root = { "bytes", root }, page = { "bytes", page },
}

local function show_value(tree, reader, row, node)
  local want, show = SHOW[row.kind][1], SHOW[row.kind][2]
  if node.kind == want then
    local empty = row.optional and want == "bytes" and node.body:len() == 0
    if empty or (row.usual and node.n == row.usual) then
      reader:problem(span(reader, node), row.name .. ": its usual value is not written out (PRM-5)")
    end
    return show(tree, reader, row, node)
  end
  tree:add(F["wrong_type"], span(reader, node), row.name .. ": " .. msgpack.describe(node))
  reader:problem(span(reader, node), string.format("%s: %s, not %s", row.name, node.kind, want))
end

local function show_unknown(tree, reader, map_rows, pair)
  local key = pair.key.n
  local range = reader.tvb:range(pair.key.first, pair.value.last - pair.key.first)
  local reserved = pair.key.kind == "number" and key >= 128 and key < 144  -- VER-1
  local field = reserved and F["reserved_key"] or F["unknown_key"]
  local item = tree:add(field, range, msgpack.describe(pair.key) .. ": " .. msgpack.describe(pair.value))
  if map_rows.closed then
    reader:problem(range, "a key that this map does not have (" .. map_rows.closed .. ")")
  elseif not reserved then
    item:add_proto_expert_info(fields.E.unknown)
  end
end

-- Returns the values by key as short texts, for the Info column.
function show_map(tree, reader, node, rows)
  local values = {}
  for _, pair in ipairs(node.pairs) do
    local key = pair.key.kind == "number" and pair.key.n
    if key and rows[key] and not pair.key.complaint then
      values[key] = show_value(tree, reader, rows[key], pair.value) or ""
    else
      show_unknown(tree, reader, rows, pair)
    end
  end
  for key = 0, #rows do
    if not rows[key].optional and not values[key] then
      reader:problem(span(reader, node), rows[key].name .. ": missing")
    end
  end
  return values
end

return show_map
