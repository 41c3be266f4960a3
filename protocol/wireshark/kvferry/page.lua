-- SPDX-License-Identifier: MIT
--
-- The entries of a manifest's page (section 8).

local F = require("kvferry.fields").F

local VARINTS = { "size", "layer_begin", "layer_count", "row_begin", "row_count" }
local TABLES = 3

local function check(reader, entry, kind, values)
  if values.size == 0 then reader:problem(entry, "a chunk of size 0 (MAN-2)") end
  local placed = values.layer_begin + values.layer_count + values.row_begin + values.row_count > 0
  if kind % 4 == TABLES and placed then reader:problem(entry, "tables with layers or rows (MAN-3)") end
  if kind >= 8 then reader:problem(entry, "unknown bits in the kind") end
end

local function show_entry(tree, reader, number)
  local first = reader.at
  local item = tree:add(F["page.entry"], reader.tvb:range(first, 1))
  item:add(F["page.entry.number"], UInt64.new(number)):set_generated()
  item:add(F["page.entry.digest"], reader:take(32, "digest"))
  local values = {}
  for _, name in ipairs(VARINTS) do
    local value = reader:varint(name)
    item:add(F["page.entry." .. name], value.range, value.u)
    if value.n >= 2 ^ 30 then reader:problem(value.range, name .. ": 2^30 or more") end
    values[name] = value.n
  end
  local kind = reader:take(1, "kind")
  item:add(F["page.entry.kind"], kind)
  item:add(F["page.entry.refines"], kind)
  if kind:uint() >= 8 then item:add(F["page.entry.kind.other"], kind) end
  item:add(F["page.entry.level"], reader:take(1, "level"))
  local importance = reader:take(4, "importance")
  item:add_le(F["page.entry.importance"], importance)
  local value = importance:le_float()
  if value ~= value or math.abs(value) == math.huge then reader:problem(importance, "importance: not finite (MAN-2)") end
  local entry = reader.tvb:range(first, reader.at - first)
  item:set_len(entry:len())
  item:set_text(string.format("Entry %d: %d bytes", number, values.size))
  check(reader, entry, kind:uint(), values)
end

-- All of the reader.
return function(tree, reader)
  local count = 0
  while reader:left() > 0 do
    show_entry(tree, reader, count)
    count = count + 1
  end
  tree:append_text(string.format(": %d entries", count))
  if count > 128 then reader:fail("more than 128 entries") end
end
