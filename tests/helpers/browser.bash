# SPDX-License-Identifier: GPL-2.0-or-later
# browser.bash: drives Debian's chromium, headless, for tests: load it, then browser_start, ..., browser_stop.
#
# It speaks WebDriver with chromedriver, which runs a browser that dies with it. Nothing listens but on 127.0.0.1.

# Why there is no browser here; nothing when there is one.
browser_missing() {
	command -v chromium > /dev/null && command -v chromedriver > /dev/null && command -v curl > /dev/null ||
		echo "there is no browser to test with: make deps-browser installs chromium, chromium-driver and curl"
}

# request METHOD PATH [BODY]: the value of the answer as JSON; fails with the browser's words.
browser_request() {
	local answer
	answer=$(curl -sS --max-time 60 -X "$1" ${3:+-d "$3"} -H 'Content-Type: application/json' "http://127.0.0.1:$BROWSER_PORT$2") || return 1
	if jq -e '.value | type == "object" and has("error")' <<< "$answer" > /dev/null; then
		jq -r '.value.message' <<< "$answer" >&2
		return 1
	fi
	jq -c .value <<< "$answer"
}

# Begins a session with a window of WIDTH x HEIGHT CSS pixels; with a third word, as a phone of that width.
browser_start() {
	local width=$1 height=$2 phone=${3:+, \"mobileEmulation\": {\"deviceMetrics\": {\"width\": $1, \"height\": $2, \"pixelRatio\": 2, \"touch\": true\}\}}
	BROWSER_HOME=$(mktemp -d)
	: > "$BROWSER_HOME/log" # it may be read before the shell behind "&" makes it
	HOME=$BROWSER_HOME chromedriver --port=0 > "$BROWSER_HOME/log" 2>&1 3>&- &
	BROWSER_PID=$!
	BROWSER_PORT=
	for _ in {1..200}; do
		BROWSER_PORT=$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' "$BROWSER_HOME/log")
		[ -z "$BROWSER_PORT" ] || break
		sleep 0.05
	done
	[ -n "$BROWSER_PORT" ] || { cat "$BROWSER_HOME/log" >&2; return 1; }
	BROWSER_SESSION=/session/$(browser_request POST /session "{\"capabilities\": {\"alwaysMatch\": {\"goog:loggingPrefs\": {\"browser\": \"ALL\"},
	  \"goog:chromeOptions\": {\"args\": [\"--headless=new\", \"--no-sandbox\", \"--disable-gpu\", \"--disable-dev-shm-usage\", \"--hide-scrollbars\",
	  \"--host-resolver-rules=MAP * ~NOTFOUND\", \"--disable-background-networking\", \"--window-size=$width,$height\",
	  \"--user-data-dir=$BROWSER_HOME/profile\"]$phone}}}}" | jq -r .sessionId)
	[ "$BROWSER_SESSION" != /session/ ]
}

browser_stop() {
	[ -z "${BROWSER_SESSION:-}" ] || browser_request DELETE "$BROWSER_SESSION" > /dev/null 2>&1 || :
	if [ -n "${BROWSER_PID:-}" ]; then
		kill "$BROWSER_PID" 2> /dev/null || :
		wait "$BROWSER_PID" 2> /dev/null || :
	fi
	[ -z "${BROWSER_HOME:-}" ] || rm -rf "$BROWSER_HOME"
	BROWSER_PID= BROWSER_SESSION= BROWSER_HOME=
}

# open FILE
browser_open() {
	browser_request POST "$BROWSER_SESSION/url" "{\"url\": \"file://$(realpath "$1")\"}" > /dev/null
}

# js CODE: what its `return` gives, as JSON.
browser_js() {
	browser_request POST "$BROWSER_SESSION/execute/sync" "$(jq -n --arg script "$1" '{script: $script, args: []}')"
}

# cdp COMMAND PARAMETERS: a command of the DevTools protocol.
browser_cdp() {
	browser_request POST "$BROWSER_SESSION/goog/cdp/execute" "{\"cmd\": \"$1\", \"params\": $2}"
}

# What the console has said since it was last asked: a list.
browser_console() {
	browser_request POST "$BROWSER_SESSION/se/log" '{"type": "browser"}'
}

# media print|screen light|dark
browser_media() {
	browser_cdp Emulation.setEmulatedMedia \
		"{\"media\": \"$1\", \"features\": [{\"name\": \"prefers-color-scheme\", \"value\": \"$2\"}]}" > /dev/null
}

# shot FILE: all of the page as PNG.
browser_shot() {
	browser_cdp Page.captureScreenshot '{"captureBeyondViewport": true}' | jq -r .data | base64 -d > "$1"
}

# print FILE: as PDF, on A4, as paper it is whatever medium was set before.
browser_print() {
	browser_cdp Emulation.setEmulatedMedia '{"media": "", "features": []}' > /dev/null
	browser_request POST "$BROWSER_SESSION/print" '{"page": {"width": 21, "height": 29.7}, "background": true}' | jq -r . | base64 -d > "$1"
}
