-- wrk's side of a cell: sends the plan's requests until the time is over, lets every request that is still
-- under way come back, and then ends wrk. So each request the server worked on is counted, exactly.
--
-- Arguments: the plan's file, the seconds, the number of connections, a seed, and the mean pause of a
-- connection between an answer and its next request in milliseconds (0: none).
-- wrk runs one Lua state per thread and the load uses one thread, so plain variables are shared by all
-- connections. `request` prepares the next request of some connection, `delay` decides when it is sent.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } bench_timespec;
  int clock_gettime(int clock, bench_timespec *now);
  int getpid(void);
  int kill(int pid, int signal);
]]

local SIGINT, MONOTONIC, FOREVER = 2, 1, 3600000
local LAG = 64 -- requests between switching a task on and switching it off again
local timespec = ffi.new("bench_timespec")

local function now()
  ffi.C.clock_gettime(MONOTONIC, timespec)
  return tonumber(timespec.seconds) + tonumber(timespec.nanoseconds) / 1e9
end

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

-- A template becomes a list of texts and of functions that supply what stands between them.
local function compile(template, values)
  local parts, from = {}, 1
  for start, name, after in template:gmatch("()%$(%l+)()") do
    parts[#parts + 1] = template:sub(from, start - 1)
    parts[#parts + 1] = assert(values[name], "unknown name in a template: " .. name)
    from = after
  end
  parts[#parts + 1] = template:sub(from)
  return function(context)
    local texts = {}
    for index, part in ipairs(parts) do
      texts[index] = type(part) == "string" and part or part(context)
    end
    return table.concat(texts)
  end
end

local counter = 0 -- the seed is another for every run, so that no two write the same text
local values = {
  id = function(context) return context.id end,
  user = function(context) return context.user.id end,
  etag = function(context) return context.user.etag end,
  since = function(context) return context.user.since end,
  n = function() counter = counter + 1; return string.format("%012d", counter) end,
  flag = function(context) return context.on and "true" or "false" end,
  verb = function(context) return context.on and "complete" or "reopen" end,
}

local groups, steps, total_weight = {}, {}, 0
local switching -- the step whose tasks have to be switched off before the end
local promised = 0 -- connections that were let go on to switch one off
local seconds, connections, pause
local began, deadline, idle
sent, sent_in_time, elapsed = 0, 0, 0

function init(arguments)
  local plan = dofile(arguments[1])
  seconds, connections = tonumber(arguments[2]), tonumber(arguments[3])
  local seed = tonumber(arguments[4])
  pause = tonumber(arguments[5])
  math.randomseed(seed)
  counter = seed * 1000000
  idle = 0
  for name, users in pairs(plan.groups) do
    groups[name] = users
    for _, user in ipairs(users) do
      for _, field in ipairs({ "ids", "open" }) do
        local list = {}
        for id in user[field]:gmatch("%S+") do list[#list + 1] = id end
        user[field] = list
      end
    end
  end
  for _, step in ipairs(plan.steps) do
    total_weight = total_weight + step.weight
    steps[#steps + 1] = {
      upto = total_weight,
      users = groups[step.group],
      head = compile(step.head, values),
      body = step.body and compile(step.body, values),
      draws = step.draws,
      switches = step.switches,
      queue = {}, first = 1, last = 0, on = false, held = {},
    }
    if step.switches then switching = steps[#steps] end
  end
end

local function drawn(step)
  local user = step.users[math.random(#step.users)]
  local list = user[step.draws]
  return user, #list > 0 and list[math.random(#list)]
end

local function queued(step)
  return step.last - step.first + 1
end

-- Tasks are switched on and, some requests later, off again, and none is left on at the end: every write
-- changes something and the data stay as they were.
local function switched(step, closing)
  step.on = not step.on
  if queued(step) == 0 or (not closing and (step.on or queued(step) <= LAG)) then
    local user, id
    repeat user, id = drawn(step) until not step.held[id]
    step.held[id] = true
    step.last = step.last + 1
    step.queue[step.last] = { user = user, id = id, on = true }
    return step.queue[step.last]
  end
  local context = step.queue[step.first]
  step.queue[step.first] = nil
  step.first = step.first + 1
  step.held[context.id] = nil
  context.on = false
  return context
end

function request()
  local closing = switching and deadline and now() >= deadline
  local step = closing and switching or steps[1]
  if #steps > 1 and not closing then
    local place = math.random(total_weight)
    for _, candidate in ipairs(steps) do
      if place <= candidate.upto then step = candidate; break end
    end
  end
  local context
  if step.switches and began then
    context = switched(step, closing)
    if closing and promised > 0 then promised = promised - 1 end
  else
    local user, id = drawn(step)
    context = { user = user, id = id }
  end
  local head = step.head(context) .. "Authorization: Bearer " .. context.user.token .. "\r\n"
  if began then -- wrk asks for one request before the run, to look at its form
    sent = sent + 1
    if now() < deadline then sent_in_time = sent_in_time + 1 end
  end
  if not step.body then return head .. "\r\n" end
  local body = step.body(context)
  return head .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

function delay()
  local time = now()
  if not began then
    began = time
    deadline = began + seconds
  end
  if time < deadline then return pause == 0 and 0 or math.random(0, 2 * pause) end
  if switching and queued(switching) > promised then
    promised = promised + 1
    return 0
  end
  idle = idle + 1
  if idle == connections then
    elapsed = time - began
    ffi.C.kill(ffi.C.getpid(), SIGINT)
  end
  return FOREVER
end

function done(summary, latency, requests)
  local thread = threads[1]
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"completed":%d,"sent":%d,"sent_in_time":%d,"elapsed":%.6f,"bytes":%d,' ..
    '"connect_errors":%d,"read_errors":%d,"write_errors":%d,"timeouts":%d,"status_errors":%d,' ..
    '"p50_ms":%.3f,"p95_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f}\n',
    summary.requests, thread:get("sent"), thread:get("sent_in_time"), thread:get("elapsed"), summary.bytes,
    errors.connect, errors.read, errors.write, errors.timeout, errors.status,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000,
    latency.max / 1000))
end
