// SPDX-License-Identifier: MIT
#include "transport/store/redis_scripts.h"

namespace kvferry::store {
namespace {

// Errors name the key. Room is made where memory is short, too.
constexpr char kCommon[] = R"lua(#!lua flags=allow-oom
local p = 'kvferry:'
local function call(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) == 'table' and reply.err then error({err = key .. ': ' .. reply.err}) end
  return reply
end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function number(name) return tonumber(call('GET', p .. name) or '0') or 0 end
local function is_here(card) return call('HEXISTS', p .. 'card:' .. card, 'manifest') == 1 end
local function touch(card) call('ZADD', p .. 'used', call('INCR', p .. 'clock'), card) end
local function each(chunks, sizes, visit)
  for i = 0, #chunks / 64 - 1 do
    visit(string.sub(chunks, i * 64 + 1, i * 64 + 64), tonumber(string.sub(sizes, i * 10 + 1, i * 10 + 10)), i)
  end
end
local function is_pinned(card)
  call('ZREMRANGEBYSCORE', p .. 'pins:' .. card, '-inf', now())
  return call('ZCARD', p .. 'pins:' .. card) > 0
end
local function drop(card)
  local held = call('HMGET', p .. 'card:' .. card, 'manifest', 'chunks', 'sizes')
  local freed = #(held[1] or '')
  each(held[2] or '', held[3] or '', function(chunk, size)
    if call('HINCRBY', p .. 'refs', chunk, -1) > 0 then return end
    call('HDEL', p .. 'refs', chunk)
    call('DEL', p .. 'chunk:' .. chunk)
    freed = freed + size
  end)
  call('DECRBY', p .. 'bytes', freed)
  local names = call('HGETALL', p .. 'names')
  for i = 1, #names, 2 do
    if names[i + 1] == card then call('HDEL', p .. 'names', names[i]) end
  end
  call('ZREM', p .. 'used', card)
  call('DEL', p .. 'card:' .. card)
end
-- Least recently used first, never one that is being read.
local function evict(bound, needed)
  local evicted = 0
  for _, card in ipairs(call('ZRANGE', p .. 'used', 0, -1)) do
    if number('bytes') + needed() <= bound then break end
    if not is_pinned(card) then
      drop(card)
      evicted = evicted + 1
    end
  end
  if evicted > 0 then call('INCRBY', p .. 'evictions', evicted) end
  return number('bytes') + needed() <= bound
end
)lua";

constexpr char kPutBody[] = R"lua(
local card, manifest, chunks, sizes = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if is_here(card) then
  touch(card)
  return {'here'}
end
local function needed()
  local bytes, seen = #manifest, {}
  each(chunks, sizes, function(chunk, size)
    if not seen[chunk] and call('HEXISTS', p .. 'refs', chunk) == 0 then bytes = bytes + size end
    seen[chunk] = true
  end)
  return bytes
end
-- The chunks of cards that are being read, and those that come.
local function bytes_that_stay()
  local bytes, seen = #manifest, {}
  local function count(chunk, size)
    if not seen[chunk] then bytes = bytes + size end
    seen[chunk] = true
  end
  for _, other in ipairs(call('ZRANGE', p .. 'used', 0, -1)) do
    if is_pinned(other) then
      local held = call('HMGET', p .. 'card:' .. other, 'chunks', 'sizes')
      each(held[1] or '', held[2] or '', count)
    end
  end
  each(chunks, sizes, count)
  return bytes
end
local bound = number('bound')
if bound > 0 and number('bytes') + needed() > bound then
  if bytes_that_stay() > bound or not evict(bound, needed) then return {'full', bound} end
end
local missing = {'missing'}
each(chunks, sizes, function(chunk, size, i)
  if call('STRLEN', p .. 'chunk:' .. chunk) ~= size then missing[#missing + 1] = i end
end)
if #missing > 1 then return missing end
call('INCRBY', p .. 'bytes', needed())
each(chunks, sizes, function(chunk)
  call('HINCRBY', p .. 'refs', chunk, 1)
  call('PERSIST', p .. 'chunk:' .. chunk)
end)
call('HSET', p .. 'card:' .. card, 'manifest', manifest, 'chunks', chunks, 'sizes', sizes)
touch(card)
return {'put'}
)lua";

constexpr char kPinBody[] = R"lua(
local card, holder, milliseconds = ARGV[1], ARGV[2], tonumber(ARGV[3])
local manifest = call('HGET', p .. 'card:' .. card, 'manifest')
if not manifest then return false end
call('ZADD', p .. 'pins:' .. card, now() + milliseconds, holder)
call('PEXPIRE', p .. 'pins:' .. card, milliseconds)
touch(card)
return manifest
)lua";

constexpr char kRemoveBody[] = R"lua(
if call('EXISTS', p .. 'card:' .. ARGV[1]) == 0 then return 0 end
drop(ARGV[1])
return 1
)lua";

constexpr char kBindBody[] = R"lua(
if not is_here(ARGV[2]) then return 0 end
call('HSET', p .. 'names', ARGV[1], ARGV[2])
return 1
)lua";

constexpr char kResolveBody[] = R"lua(
local card = call('HGET', p .. 'names', ARGV[1])
return card and is_here(card) and card
)lua";

constexpr char kBoundBody[] = R"lua(
local bound = tonumber(ARGV[1])
call('SET', p .. 'bound', ARGV[1])
if bound > 0 then evict(bound, function() return 0 end) end
return 1
)lua";

}  // namespace

const std::string& put_script() {
  static const std::string script = std::string(kCommon) + kPutBody;
  return script;
}
const std::string& pin_script() {
  static const std::string script = std::string(kCommon) + kPinBody;
  return script;
}
const std::string& remove_script() {
  static const std::string script = std::string(kCommon) + kRemoveBody;
  return script;
}
const std::string& bind_script() {
  static const std::string script = std::string(kCommon) + kBindBody;
  return script;
}
const std::string& resolve_script() {
  static const std::string script = std::string(kCommon) + kResolveBody;
  return script;
}
const std::string& bound_script() {
  static const std::string script = std::string(kCommon) + kBoundBody;
  return script;
}

}  // namespace kvferry::store
