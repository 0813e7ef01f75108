# shellcheck shell=bash
# A real browser, Debian's Chromium without a screen, steered through WebDriver. Sourced after
# harness.sh; what is started here ends with the test.
#
#	browser_start
#	browser_open file:///x.html
#	browser_screen 360 dark
#	browser_js "return document.title"	# the value as JSON

browser_pid='' browser_url=''

# A driver that is killed leaves its browser behind, so that ends first.
browser_stop() {
	[ -n "$browser_pid" ] || return 0
	curl -sS --max-time 20 -X DELETE "$browser_url" >/dev/null 2>&1
	kill "$browser_pid" 2>/dev/null
	browser_pid=''
}

# browser_call PATH JSON: prints the value that the driver answers; an error of it fails the case
browser_call() {
	local answer
	answer=$(curl -sS --max-time 60 -H 'Content-Type: application/json' -d "$2" "$browser_url$1" 2>&1)
	if ! jq -e 'has("value") and (.value | type != "object" or (has("error") | not))' \
		<<<"$answer" >/dev/null 2>&1; then
		harness_fail "WebDriver $1" "an answer" "$answer" >&2
		return 1
	fi
	jq -c .value <<<"$answer"
}

# A page may be of root's making, and a container may forbid the sandbox: it is our own page.
browser_start() {
	local line port session
	mkdir -p "$BK_TEST_DIR/browser"
	exec {browser_log}< <(exec chromedriver --port=0 2>&1)
	browser_pid=$!
	trap browser_stop EXIT
	while IFS= read -r -t 60 -u "$browser_log" line; do
		[[ $line =~ successfully\ on\ port\ ([0-9]+) ]] && port=${BASH_REMATCH[1]} && break
	done
	browser_url=http://127.0.0.1:${port:?the browser did not start: ${line-}}
	session=$(browser_call /session "$(jq -n --arg dir "$BK_TEST_DIR/browser" '{
		capabilities: {alwaysMatch: {
		"goog:loggingPrefs": {browser: "ALL", performance: "ALL"},
		"goog:chromeOptions": {args: ["--headless=new", "--no-sandbox", "--disable-gpu",
			"--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
			"--disable-background-networking", "--user-data-dir=\($dir)"]}}}}')") || return 1
	browser_url+=/session/$(jq -r .sessionId <<<"$session")
}

# browser_cdp COMMAND PARAMETERS
browser_cdp() {
	browser_call /goog/cdp/execute "{\"cmd\":\"$1\",\"params\":$2}"
}

browser_open() {
	browser_call /url "$(jq -n --arg url "$1" '{url: $url}')" >/dev/null
}

# browser_screen WIDTH light|dark [HEIGHT]
browser_screen() {
	browser_cdp Emulation.setDeviceMetricsOverride \
		"{\"width\":$1,\"height\":${3:-800},\"deviceScaleFactor\":1,\"mobile\":false}" >/dev/null
	browser_cdp Emulation.setEmulatedMedia \
		"{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"$2\"}]}" >/dev/null
}

# browser_js BODY: what the function returns
browser_js() {
	browser_call /execute/sync "$(jq -n --arg script "$1" '{script: $script, args: []}')"
}

# What the console got since the last call, and what was asked for on the network, one line each.
browser_console() {
	browser_call /se/log '{"type":"browser"}' | jq -r '.[].message'
}

browser_requests() {
	browser_call /se/log '{"type":"performance"}' | jq -r '.[].message | fromjson.message
		| select(.method == "Network.requestWillBeSent") | .params.request.url'
}

# browser_picture FILE: a PNG of the window
browser_picture() {
	curl -sS "$browser_url/screenshot" | jq -r .value | base64 -d >"$1"
}
