-- Sends the requests of a file, one after the other, each of them made before the clock runs.
-- wrk … -s wrk.lua URL -- FILE FIRST COUNT; a line of the file: method, path, token, body, parted by tabs.
-- "########" in a body becomes a number that is different in each request.

local requests, unique, sent = {}, {}, 0
local serial = math.floor(tonumber(tostring(os.time()):reverse():sub(1, 4)) * 10000)

function init(arguments)
  local first, count, number = tonumber(arguments[2]), tonumber(arguments[3]), 0
  for line in io.lines(arguments[1]) do
    number = number + 1
    if number > first and number <= first + count then
      local method, path, token, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
      local headers = { ["Authorization"] = "Bearer " .. token }
      if body == "" then body = nil else headers["Content-Type"] = "application/json" end
      requests[#requests + 1] = wrk.format(method, path, headers, body)
      unique[#requests] = body ~= nil and body:find("########", 1, true) ~= nil
    end
  end
end

function request()
  sent = sent % #requests + 1
  if unique[sent] then
    serial = (serial + 1) % 100000000
    return (requests[sent]:gsub("########", string.format("%08d", serial)))
  end
  return requests[sent]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %f, "bytes": %d, "p50": %f, "p99": %f, "refused": %d, "failed": %d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
