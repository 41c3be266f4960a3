-- SPDX-License-Identifier: MIT
--
-- CRC32C (RFC 3720) of strings, four bytes a step.

-- Which library there is depends on the Lua that Wireshark was built with; Lua 5.4 may have only operators.
local bits = bit32 or bit or load("return { bxor = function(a, b, ...) " ..
  "local x = a ~ b for _, v in ipairs{...} do x = x ~ v end return x end }")()
local bxor = bits.bxor

local POLYNOMIAL = 0x82F63B78
local WORD = 4294967296

-- tables[n][b]: what byte b contributes when n more bytes of the step follow it.
local tables = { [0] = {}, {}, {}, {} }
for byte = 0, 255 do
  local crc = byte
  for _ = 1, 8 do
    local low = crc % 2
    crc = (crc - low) / 2
    if low == 1 then crc = bxor(crc, POLYNOMIAL) % WORD end
  end
  tables[0][byte] = crc
end
for n = 1, 3 do
  for byte = 0, 255 do
    local crc = tables[n - 1][byte]
    tables[n][byte] = bxor((crc - crc % 256) / 256, tables[0][crc % 256]) % WORD
  end
end

local function update(crc, bytes)
  local t0, t1, t2, t3 = tables[0], tables[1], tables[2], tables[3]
  local whole = #bytes - #bytes % 4
  for at = 1, whole, 4 do
    local b0, b1, b2, b3 = bytes:byte(at, at + 3)
    crc = bxor(crc, b0 + b1 * 256 + b2 * 65536 + b3 * 16777216) % WORD
    local a = crc % 256
    local rest = (crc - a) / 256
    local b = rest % 256
    rest = (rest - b) / 256
    local c = rest % 256
    crc = bxor(t3[a], t2[b], t1[c], t0[(rest - c) / 256]) % WORD
  end
  for at = whole + 1, #bytes do
    local low = crc % 256
    crc = bxor((crc - low) / 256, t0[bxor(low, bytes:byte(at)) % 256]) % WORD
  end
  return crc
end

-- Of an array of strings, one after the other.
return function(parts)
  local crc = WORD - 1
  for _, bytes in ipairs(parts) do crc = update(crc, bytes) end
  return WORD - 1 - crc
end
