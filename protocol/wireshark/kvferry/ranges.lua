-- SPDX-License-Identifier: MIT
--
-- Sets of integers: ranges (section 3) and those of an acknowledgement (6.2), as texts like "0-1, 9".

local ONE, NONE = UInt64.new(1), UInt64.new(0)
local TOP = UInt64.new(0xFFFFFFFF, 0x3FFFFFFF)  -- sums stay below 2^62, so that they cannot wrap around

local M = {}

local function text_of(first, last)
  return first == last and tostring(first) or tostring(first) .. "-" .. tostring(last)
end

-- The rest of the reader as ranges, each number plus `base`: { text, ranges, total (UInt64), last (number) }.
function M.read(reader, base)
  local texts, total, at = {}, NONE, base or NONE
  while reader:left() > 0 do
    local gap, length = reader:varint("gap"), reader:varint("length")
    if gap.n == 0 and #texts > 0 then reader:problem(gap.range, "a gap of 0: the ranges touch (PRM-2)") end
    if length.n == 0 then
      reader:problem(length.range, "an empty range (PRM-2)")
      length.u = ONE
    end
    if gap.u > TOP - at or length.u > TOP - at - gap.u then reader:fail("a range beyond 2^62") end
    local first = at + gap.u
    at = first + length.u
    texts[#texts + 1] = text_of(first, at - ONE)
    total = total + length.u
  end
  local last = #texts > 0 and (at - ONE):tonumber() or -1
  return { text = table.concat(texts, ", "), ranges = #texts, total = total, last = last }
end

-- The ranges of an acknowledgement, newest first. `each(range varint, gap varint or nil, text)` is called for every one.
function M.read_acknowledged(reader, largest, each)
  local texts, total, high, gap = {}, NONE, largest.u, nil
  repeat
    local length = reader:varint("range")
    if length.u > high then reader:fail("a range below packet number 0") end
    local low = high - length.u
    texts[#texts + 1] = text_of(low, high)
    total = total + length.u + ONE
    each(length, gap, texts[#texts])
    if reader:left() == 0 then break end
    gap = reader:varint("gap")
    if low < UInt64.new(2) or gap.u > low - UInt64.new(2) then reader:fail("a gap below packet number 0") end
    high = low - gap.u - UInt64.new(2)
  until false
  return { text = table.concat(texts, ", "), ranges = #texts, total = total }
end

return M
