-- SPDX-License-Identifier: MIT
--
-- Bytes from the wire to text that columns and exports can take: what is not UTF-8 becomes U+FFFD, a zero byte U+2400.
-- (Wireshark 4.0's TvbRange:string cuts the text off instead, by as much as it puts in.)

local REPLACEMENT, ZERO = "\239\191\189", "\226\144\128"

-- Least and greatest second byte where not every continuation byte may follow.
local SECOND = { [0xE0] = { 0xA0, 0xBF }, [0xED] = { 0x80, 0x9F }, [0xF0] = { 0x90, 0xBF }, [0xF4] = { 0x80, 0x8F } }

local function size_of(first)
  if first >= 0xC2 and first < 0xE0 then return 2 end
  if first >= 0xE0 and first < 0xF0 then return 3 end
  if first >= 0xF0 and first < 0xF5 then return 4 end
  return 0
end

-- The character at `at` in a run of bytes above 127, or nothing.
local function character(run, at)
  local first = run:byte(at)
  local size = size_of(first)
  if size == 0 or at + size - 1 > #run then return nil end
  local bounds = SECOND[first] or { 0x80, 0xBF }
  local second = run:byte(at + 1)
  if second < bounds[1] or second > bounds[2] then return nil end
  local text = run:sub(at, at + size - 1)
  return text:find("[\192-\255]", 2) == nil and text or nil
end

local function clean_run(run)
  local out, at = {}, 1
  while at <= #run do
    local text = character(run, at)
    out[#out + 1] = text or REPLACEMENT
    at = at + (text and #text or 1)
  end
  return table.concat(out)
end

-- range: a TvbRange, perhaps empty.
return function(range)
  if range:len() == 0 then return "" end
  return (range:raw():gsub("%z", ZERO):gsub("[\128-\255]+", clean_run))
end
