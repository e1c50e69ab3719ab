-- wrk posts the lines of a file, one after the other, and prints one JSON document when it is done.
-- Arguments after `--`: the file, then the headers, each a name and a value.
local requests, at = {}, 0

function init(arguments)
  local headers = {}
  for i = 2, #arguments, 2 do headers[arguments[i]] = arguments[i + 1] end
  for line in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, line)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "p50_us": %.1f, "p99_us": %.1f, "refused": %d, "lost": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    failed.status, failed.connect + failed.read + failed.write + failed.timeout))
end
