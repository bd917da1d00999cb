#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# report_browser.bats: the page in a real browser, from disk: what it does, and that nothing of it is cut off.

setup_file() {
	load helpers/browser
	export REASON
	REASON=$(browser_missing)
	[ -z "$REASON" ] || return 0
	FORECALL=$(realpath "${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}")
	export DIR=$BATS_FILE_TMPDIR
	cd "$DIR" || return 1
	sqlite3 test.db < "$BATS_TEST_DIRNAME/../schema.sql"
	sqlite3 test.db < "$BATS_TEST_DIRNAME/data/runs.sql"
	for file in report windows alternatives slices capacity; do sqlite3 test.db < "$BATS_TEST_DIRNAME/data/$file.sql"; done
	"$FORECALL" report --db test.db -o plain
	# Every text that somebody else may have chosen.
	hostile="</script><script>document.title=1</script><img src=x onerror=document.title=2>\"''&#39;\\ é日本 \$(id) "
	sqlite3 test.db "UPDATE run SET label = '$hostile' || char(10) || hex(zeroblob(5000)), target = '$hostile', command = '$hostile' || hex(zeroblob(5000));
	                 UPDATE prediction SET alternative = '$hostile'; UPDATE thread SET comm = '$hostile'; UPDATE host SET name = '$hostile';
	                 UPDATE bench SET way = '<i>\"' WHERE way = 'sendmmsg'; UPDATE call SET name = '$hostile' || name"
	"$FORECALL" report --db test.db -o hostile
}

setup() {
	load helpers/browser
	[ -z "$REASON" ] || skip "$REASON"
	cd "$DIR" || return 1
}

teardown() {
	browser_stop
}

# js CODE EXPECTED
is() {
	local got
	got=$(browser_js "$1")
	[ "$got" = "$2" ] || { echo "$1: $got where $2 should be"; return 1; }
}

# Moves a control as a user does.
move() {
	browser_js "const e = document.getElementById('whatif-$1'); e.focus(); e.value = '$2'; e.dispatchEvent(new Event('input', {bubbles: true}))" > /dev/null
}

said() {
	is "return document.getElementById('whatif-$1').textContent" "\"$2\""
}

# What is wider than the page, and what sticks out of it without a box of its own that scrolls.
overflow="
	const wide = document.documentElement.clientWidth, out = [];
	if (document.documentElement.scrollWidth > wide) out.push('the page is ' + document.documentElement.scrollWidth + ' wide, the window ' + wide);
	for (const e of document.querySelectorAll('body *')) {
		const box = e.getBoundingClientRect();
		if (box.width && (box.right > wide + 1 || box.left < -1) && !e.closest('.scroll') && !e.closest('.long') && (e.tagName == 'text' || !e.closest('svg')))
			out.push(e.tagName + ' ' + e.className + ' from ' + box.left + ' to ' + box.right);
	}
	return out"

@test "the page loads from disk without a word on the console, and shows every picture" {
	browser_start 1280 900
	browser_open plain/index.html
	is 'return document.readyState' '"complete"'
	is 'return [...document.querySelectorAll("svg.picture:not(.narrow)")].filter(p => p.getBoundingClientRect().width > 200).length' "$(find plain -name '*.svg' | wc -l)"
	is 'return [...document.querySelectorAll("svg.narrow")].filter(p => p.getBoundingClientRect().width > 0).length' 0
	[ "$(browser_console)" = "[]" ]
}

@test "the sliders begin at the figures of the run, and moving them gives r" {
	browser_start 1280 900
	browser_open plain/index.html
	# The newest prediction that was not forced: f 0.8, s 1.25, so 1 / (0.2 + 0.64); bursts of 10.
	is 'return document.getElementById("whatif-f-number").value' '"0.8"'
	is 'return document.getElementById("whatif-s-number").value' '"1.25"'
	is 'return document.getElementById("whatif-group-number").value' '"10"'
	said r 1.19
	said saved "16 %"
	said clients 11
	said bound 5
	move f 0.5          # the slider itself: it goes from 0 to 1
	said r 1.111
	move s-number 2     # 1 / (0.5 + 0.25)
	said r 1.333
	said saved "25 %"
	move s 1            # on a logarithmic scale: s = 10, 1 / (0.5 + 0.05)
	said r 1.818
	is 'return document.getElementById("whatif-s-number").value' '"10"'
	move o-number 0.1   # 1 / (0.5 + 0.05 + 0.1)
	said r 1.538
	said even 1.25
	move f-number 0     # nothing to gain, and the port still costs
	said r 0.909
	said saved "−10 %"
	said even "no s is enough"
	move f-number 7     # at most 1
	said r 5
	browser_js 'document.getElementById("whatif-reset").click()' > /dev/null
	said r 1.19
	[ "$(browser_console)" = "[]" ]
}

@test "the group size sets s to what was measured, between its points by the logarithm" {
	browser_start 1280 900
	browser_open plain/index.html
	move group-number 10 # data/report.sql: 1,100 over 1,000 cycles, null of 100 taken off
	is 'return document.getElementById("whatif-s-number").value' '"1.111"'
	move group-number 1000
	is 'return document.getElementById("whatif-s-number").value' '"2"'
	move group-number 100
	is 'return document.getElementById("whatif-s-number").value' '"1.556"'
	is 'return document.getElementById("whatif-note").hidden' true
	move group-number 5000
	is 'return document.getElementById("whatif-s-number").value' '"2"'
	is 'return document.getElementById("whatif-note").hidden' false
}

@test "the curve follows the sliders: the point stands where r is" {
	browser_start 1280 900
	browser_open plain/index.html
	move f-number 0.5
	before=$(browser_js 'return document.querySelector("#whatif-chart .curve").getAttribute("d")')
	move f-number 0.9
	after=$(browser_js 'return document.querySelector("#whatif-chart .curve").getAttribute("d")')
	[ "$before" != "$after" ]
	move s-number 1
	# At s = 1 there is nothing gained: the point lies on the line r = 1.
	is 'const p = document.querySelector("#whatif-chart .point"), l = document.querySelector("#whatif-chart .one");
	    return Math.abs(p.getAttribute("cy") - l.getAttribute("y1")) < 0.01' true
}

@test "without JavaScript a table stands in place of the sliders" {
	sed 's/<script nonce.*/<script nonce="0">/' plain/index.html > plain/still.html # the page's policy now refuses it
	browser_start 1280 900
	browser_open plain/still.html
	is 'return document.querySelector(".live-only").getBoundingClientRect().height' 0
	is 'return document.querySelector(".still tbody tr").innerText.replaceAll(/\s+/g, " ").trim()' '"1.1 1.078 7.3 % 107"' # 1 / (0.2 + 0.8 / 1.1)
}

@test "on a phone nothing is cut off" {
	browser_start 360 740 phone
	for page in plain hostile; do
		browser_open $page/index.html
		is "$overflow" '[]'
	done
}

# The smallest letters of the pictures that are seen, in px; and the pictures.
letters="
	const seen = [...document.querySelectorAll('svg.picture, #whatif-chart')].filter(p => p.getBoundingClientRect().width);
	const sizes = seen.flatMap(p => [...p.querySelectorAll('text')].map(t => parseFloat(getComputedStyle(t).fontSize) * p.getBoundingClientRect().width / p.viewBox.baseVal.width));
	return [Math.min(...sizes) >= 11, seen.length]"

@test "letters of pictures can be read in windows of any width, on a phone and on paper" {
	pictures=$(($(find plain -name '*.svg' | wc -l) + 1)) # and the live one, which paper has not
	for size in "360 740 phone" "620 800" "1000 800" "1280 900"; do
		browser_start $size
		browser_open plain/index.html
		is "$letters" "[true,$pictures]" || { echo "$size"; return 1; }
		browser_stop
	done
	browser_start 700 900
	browser_open plain/index.html
	browser_media print light
	is "$letters" "[true,$((pictures - 1))]"
}

@test "no text of a picture sticks out of its file" {
	browser_start 1280 900
	for svg in plain/*.svg hostile/*.svg; do
		browser_open "$svg"
		is 'const frame = document.documentElement.getBoundingClientRect();
		    return [...document.querySelectorAll("text")].filter(t => t.textContent.trim()).filter(t => {
			const box = t.getBoundingClientRect();
			return box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom;
		    }).map(t => t.textContent.trim())' '[]' || { echo "$svg"; return 1; }
	done
}

@test "in a wide and in a narrow window nothing is cut off" {
	for size in "1280 900" "620 800"; do
		browser_start $size
		for page in plain hostile; do
			browser_open $page/index.html
			is "$overflow" '[]'
		done
		browser_stop
	done
}

@test "on paper nothing is cut off: neither page nor table is wider than a sheet, and no box scrolls" {
	browser_start 700 900 # 210 mm less twice 14 are 688 px
	for page in plain hostile; do
		browser_open $page/index.html
		browser_media print light
		is 'return [...document.querySelectorAll(".scroll, .long, table")].filter(e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1).length' 0
		is "$overflow" '[]'
		browser_print $page.pdf
		[ "$(head -c 5 $page.pdf)" = %PDF- ]
	done
}

@test "hostile text neither runs nor becomes markup" {
	browser_start 1280 900
	browser_open hostile/index.html
	is 'return document.querySelectorAll("script, img").length' 1
	is 'return document.title.slice(0, 30)' '"What would this server gain: s"'
	is 'return document.body.innerText.includes("<img src=x onerror=document.title=2>")' true
	said r 1.19
	[ "$(browser_console)" = "[]" ]
}

@test "it is dark for who prefers the dark, and light on paper" {
	browser_start 1280 900
	browser_open plain/index.html
	browser_media screen dark
	is 'return getComputedStyle(document.body).backgroundColor' '"rgb(20, 24, 29)"'
	# Pictures follow: their text is the page's.
	is 'return getComputedStyle(document.querySelector("svg.picture text")).fill !== "rgb(29, 39, 51)"' true
	browser_media print dark
	is 'return getComputedStyle(document.body).backgroundColor' '"rgb(255, 255, 255)"'
}
