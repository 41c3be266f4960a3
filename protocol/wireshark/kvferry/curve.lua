-- SPDX-License-Identifier: MIT
--
-- The points of a root's quality curve (section 8).

local F = require("kvferry.fields").F

local function is_share(value) return value <= 1 and 1 / value > 0 end
local function is_divergence(value) return value < math.huge and 1 / value > 0 end  -- -0 is below 0

local function show_float(item, reader, abbrev, name, is_good)
  local range = reader:take(4, name)
  item:add_le(F[abbrev], range)
  local value = range:le_float()
  if not is_good(value) then reader:problem(range, name .. ": out of its limits (MAN-5)") end
  return value
end

-- All of the reader; returns how many there are.
return function(tree, reader, row)
  local count, chunks = 0, UInt64.new(0)
  while reader:left() > 0 do
    local first, more = reader.at, reader:varint("chunks")
    if more.n < 1 then reader:problem(more.range, row.name .. ": chunks do not ascend (MAN-5)") end
    chunks, count = chunks + more.u, count + 1
    local item = tree:add(F[row.abbrev .. ".chunks"], more.range, chunks)
    local kl = show_float(item, reader, row.abbrev .. ".kl", "KL divergence", is_divergence)
    local top1 = show_float(item, reader, row.abbrev .. ".top1", "top-1 agreement", is_share)
    item:set_len(reader.at - first)
    item:append_text(string.format(": KL %.4g, top-1 %.4g", kl, top1))
  end
  return count
end
