#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# report.bats: the page that `forecall report` writes, and that it is written whole or not at all.

# What a copied run takes over, by name, so that a new column of the schema is no matter here.
RUN_COLUMNS='run, kind, state, label, host, started_ns, wall_ns, command, version, scope, target, pid, path, clock, clock_hz, engine, topology, way,
	like_run, lost_n, residue, unbalanced, steal_ns, suite'

setup() {
	bats_require_minimum_version 1.5.0
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	FORECALL=$(realpath "$FORECALL")
	export FORECALL_DB=$BATS_TEST_TMPDIR/test.db
	mkdir "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here" || return 1
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/../schema.sql"
}

# A profile (1), a bench (2), an observe run (3), interrupted, and three observed predictions, one of them forced.
fill() {
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/runs.sql"
}

sql() {
	sqlite3 "$FORECALL_DB" "PRAGMA foreign_keys = ON; $1"
}

forecall() {
	run --separate-stderr "$FORECALL" "$@"
}

# Every error is one line that begins with the program's name and holds the text.
said() {
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "forecall: "*"$1"* ]]
}

# No page and no temporary folder is here; what the test itself made is called keep.
nothing_left() {
	[ -z "$(find . -mindepth 1 ! -path './keep*')" ]
}

# lacks PATTERN FILE...: none of the files has it. (`! grep` alone never fails a test.)
lacks() {
	local found
	found=$(grep -Ei -- "$@") || return 0
	echo "found: ${found:0:300}"
	return 1
}

# The page without markup, one line.
page_text() {
	sed -e '/<style>/,/<\/style>/d' -e 's/<[^>]*>//g' "$1" | tr '\n' ' '
}

@test "the page is complete, and every picture lies beside it as SVG, PNG, PDF and CSV" {
	fill
	forecall report -o out
	[ "$status" -eq 0 ]
	[[ $output == "out/index.html: 3 runs, 3 predictions, 3 of them observed, 6 pictures" ]]
	[ "$(head -c 15 out/index.html)" = "<!DOCTYPE html>" ]
	[ "$(tail -n 1 out/index.html)" = "</html>" ]
	for picture in agreement errors histograms-run-1 ledger-run-1-cpus ledger-run-1-threads predictions; do
		grep -q '</svg>' "out/$picture.svg"
		[ "$(head -c 4 "out/$picture.png" | tail -c 3)" = PNG ]
		[ "$(head -c 5 "out/$picture.pdf")" = %PDF- ]
		[ "$(wc -l < "out/$picture.csv")" -ge 2 ]
	done
	[ "$(grep -c '<svg class="picture"' out/index.html)" -eq 6 ]
	[ "$(grep -c '<svg class="picture narrow"' out/index.html)" -eq 6 ]
	[ -z "$(find out -name '*narrow*')" ]
	[ "$(ls -A)" = out ]
	[ ! -e out/all0.gp ]
	[ -z "$(find out -name '.*' -type d ! -name . -mindepth 1)" ]
}

@test "the page needs no network, and runs no script but its own" {
	fill
	forecall report -o out
	[ "$(grep -c '<script' out/index.html)" -eq 1 ]
	nonce=$(sed -n "s/.*script-src 'nonce-\([0-9a-f]*\)'\".*/\1/p" out/index.html)
	[ "${#nonce}" -eq 32 ]
	grep -q "^<script nonce=\"$nonce\">$" out/index.html
	lacks '<script src|<link[^>]*stylesheet|<img|@import|src=|url\(' out/index.html
	[ -z "$(grep -Eoi '(href|src)="[a-z]+:[^"]*"' out/index.html | grep -v '"data:,"')" ]
}

@test "ids are there once, and every link within the page has its end" {
	fill
	forecall report -o out
	[ -z "$(grep -oE ' id=["'\''][^"'\'']+' out/index.html | sort | uniq -d)" ]
	for id in $(grep -oE 'href="#[^"]+' out/index.html | cut -d'#' -f2 | sort -u); do
		grep -q "id=\"$id\"" out/index.html
	done
}

@test "the figures of the store stand on the page, with their intervals, and the warnings before them" {
	fill
	forecall report -o out
	text=$(page_text out/index.html)
	[[ $text == *"1.200 [1.190, 1.210]"* ]]  # predicted, prediction 1
	[[ $text == *"1.250 [1.245, 1.255]"* ]]  # observed, prediction 2
	[[ $text == *"+4.0&nbsp;% [+3.1, +4.9]"* ]] # its error
	[[ $text == *"Test CPU"*"Linux 6.1.0"* ]]
	[[ $text == *"livecast --send sendmsg"* ]]
	[[ $text == *"3 events were lost"*"What would this server gain?"*"How sure are we?"*"What was observed?"*"Where do the cycles go?"*"On what machine"* ]]
	[[ $text == *"made all the same (--force)"*"What would this server gain?"* ]]
}

@test "the CSV files hold the figures of the store" {
	fill
	forecall report -o out
	grep -q '^1,1,"sendmsg","sendmmsg",1.2,1.19,1.21,1.2,1.195,1.205,' out/agreement.csv
	grep -q '^0,"CPU 0",75,0,0,25,0,0,0$' out/ledger-run-1-cpus.csv
	[ "$(cut -d, -f6 out/errors.csv | tr '\n' ' ')" = "prediction 1 2 " ] # not the forced one
	grep -q '"livecast 7"' out/ledger-run-1-threads.csv
}

@test "a report of one run has the runs its predictions rest on, and no others" {
	fill
	sql "INSERT INTO run ($RUN_COLUMNS) SELECT 4, kind, state, 'stranger', host, started_ns + 1, wall_ns, command, version, scope, target, pid, path, clock,
	     clock_hz, engine, topology, way, like_run, lost_n, residue, unbalanced, steal_ns, suite FROM run WHERE run = 1"
	forecall report 1 -o out
	[ "$status" -eq 0 ]
	for run in 1 2 3; do
		grep -q "id=\"run-$run\"" out/index.html
	done
	lacks stranger out/index.html
	forecall report 4 -o four
	[ "$status" -eq 0 ]
	lacks 'id="run-1"' four/index.html
	[[ $(page_text four/index.html) == *"There is no prediction from these runs yet."*"forecall predict RUN"* ]]
}

@test "hostile text is shown as text" {
	fill
	hostile='<script>alert("x")</script> '"''&amp; \\ é\$(id) 日本"
	sql "UPDATE run SET label = '$hostile' || char(10) || '</td></table><b>', command = '<img src=x onerror=alert(1)>' || hex(zeroblob(5000)),
	     target = '\"><svg onload=alert(2)>', path = '<u>sendmsg</u>'; UPDATE prediction SET alternative = '<i>''\"', path = '<u>x</u>';
	     UPDATE thread SET comm = '<b>\"\`touch ran\`\\n#' || char(10) || 'z'; UPDATE warning SET text = '<h1>lost</h1>';
	     UPDATE host SET name = '<em>', cmdline = '</code><script>'; UPDATE call SET name = '<tt>' || name"
	# Ways of a sliced run, and of a bench made like the profile; a name that is no way of sending is marked on no curve.
	for file in windows slices alternatives; do sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/$file.sql"; done
	sql "UPDATE block SET way = '<s>|''\"\`touch ran\`' || char(10) || way WHERE run = 7; UPDATE bench SET way = '<i>|\"\`touch ran\`' WHERE way = 'multicast'"
	forecall report -o out
	[ "$status" -eq 0 ]
	[ ! -e ran ] # by gnuplot, which knows backticks
	[ ! -e out/ran ]
	[ "$(grep -c '<script' out/index.html)" -eq 1 ]
	lacks '<(img|u|i|b|s|h1>lost|em|tt)[ >]|<svg onload' out/index.html out/*.svg
	grep -q '&lt;s&gt;' out/index.html
	[ "$(wc -l < out/slice-run-7.csv)" -eq 3 ]
	grep -q '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;' out/index.html
	grep -q '日本' out/index.html
	grep -q '&lt;img src=x onerror=alert(1)&gt;0000' out/index.html
	[ "$(grep -o '0\{10000\}' out/index.html | head -n 1 | wc -c)" -eq 10001 ]
	[ "$(wc -l < out/ledger-run-1-threads.csv)" -eq 2 ]
	iconv -f utf-8 -t utf-8 out/index.html > /dev/null
}

@test "an empty database gives a page that names the first command" {
	forecall report -o out
	[ "$status" -eq 0 ]
	[[ $(page_text out/index.html) == *"Nothing was measured yet."*"forecall profile"*"forecall observe"* ]]
	[ "$(ls out)" = index.html ]
}

@test "predictions that nobody observed, and figures without intervals, are said to be so" {
	fill
	sql "DELETE FROM observation; UPDATE prediction SET predicted_low = NULL, predicted_high = NULL"
	forecall report -o out
	[ "$status" -eq 0 ]
	[[ $(page_text out/index.html) == *"1.300 no interval"*"not yet observed"*"None of the predictions above was observed yet."* ]]
	[ ! -e out/agreement.svg ]
}

@test "--json tells where the page is and what it holds" {
	fill
	forecall report --json -o out
	jq -e '.report == "out" and .runs == 3 and .predictions == 3 and .observed == 3 and .pictures == 6' <<< "$output"
}

@test "without gnuplot it fails, names the package, and leaves nothing behind" {
	fill
	mkdir keep
	run --separate-stderr env PATH="$PWD/keep" "$FORECALL" report -o out
	[ "$status" -eq 1 ]
	said "apt-get install gnuplot-nox"
	nothing_left
}

@test "a gnuplot that fails leaves nothing behind, and an older report as it was" {
	fill
	mkdir keep
	forecall report -o keep/out
	sum=$(cd keep/out && cat -- * | sha256sum)
	printf '#!/bin/sh\necho "line 7: unknown terminal" >&2\nexit 1\n' > keep/gnuplot
	chmod +x keep/gnuplot
	PATH=$PWD/keep:$PATH forecall report -o out
	[ "$status" -eq 1 ]
	said "line 7: unknown terminal"
	nothing_left
	PATH=$PWD/keep:$PATH forecall report -o keep/out
	[ "$status" -eq 1 ]
	[ "$sum" = "$(cd keep/out && cat -- * | sha256sum)" ]
	[ -z "$(find keep/out -mindepth 1 -type d)" ]
}

@test "a gnuplot that is killed, or leaves half a picture, leaves nothing behind" {
	fill
	mkdir keep
	printf '#!/bin/sh\nkill -KILL $$\n' > keep/gnuplot
	chmod +x keep/gnuplot
	PATH=$PWD/keep:$PATH forecall report -o out
	[ "$status" -eq 1 ]
	said "gnuplot was ended by signal 9"
	nothing_left
	for kind in svg png pdf; do
		printf '#!/bin/sh\n%s "$@"\ntruncate -s -40 agreement.%s\n' "$(command -v gnuplot)" $kind > keep/gnuplot
		PATH=$PWD/keep:$PATH forecall report -o out
		[ "$status" -eq 1 ]
		said "agreement.$kind incomplete"
		nothing_left
	done
}

# On a file system of so many kB: the status, the error, and how many files are left.
on_disk_of() {
	unshare -m sh -c 'mount -t tmpfs -o size=$1k full keep && "$2" report -o keep/out 2> err > /dev/null; echo "$? $(wc -l < err) $(find keep -mindepth 1 | wc -l)"; cat err' \
		sh "$1" "$FORECALL"
}

@test "a disk that is full, however soon, leaves nothing behind" {
	[ "$(id -u)" -eq 0 ] && unshare -m true || skip "mounts cannot be made here"
	fill
	mkdir keep
	whole=0
	for size in 4 20 60 120 200 300 400 500 4000; do
		run -0 on_disk_of $size
		rm -f err
		case ${lines[0]} in
		"1 1 0") [[ ${lines[1]} == "forecall: report: "*"another place"* ]] ;;
		"0 0 "*) [ "${lines[0]#0 0 }" -gt 30 ]; whole=$((whole + 1)) ;;
		*) echo "$size kB: $output"; return 1 ;;
		esac
	done
	[ "$whole" -ge 1 ]
	nothing_left
}

@test "a signal ends it and leaves nothing behind" {
	fill
	mkdir keep
	mkfifo keep/gate
	printf '#!/bin/sh\necho > %s/keep/gate\nexec sleep 60\n' "$PWD" > keep/gnuplot
	chmod +x keep/gnuplot
	PATH=$PWD/keep:$PATH "$FORECALL" report -o out 2> keep/err 3>&- &
	pid=$!
	read -r < keep/gate
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 1 ]
	grep -q interrupted keep/err
	nothing_left
}

@test "a report into an existing folder replaces its own files and keeps the others" {
	fill
	mkdir keep
	echo mine > keep/notes.txt
	echo old > keep/index.html
	forecall report -o keep/
	[ "$status" -eq 0 ]
	[ "$(cat keep/notes.txt)" = mine ]
	grep -q '</html>' keep/index.html
	[ -z "$(find keep -mindepth 1 -type d)" ]
}

@test "a report that is written at the same time is replaced, and nothing but it" {
	fill
	mkdir keep
	# What comes between the moment at which the folder is missed and the one at which it is made.
	printf '#!/bin/sh\nmkdir -p ../out && echo theirs > ../out/index.html && echo mine > ../out/notes.txt\nexec %s "$@"\n' "$(command -v gnuplot)" > keep/gnuplot
	chmod +x keep/gnuplot
	PATH=$PWD/keep:$PATH forecall report -o out
	[ "$status" -eq 0 ]
	[ "$(tail -n 1 out/index.html)" = "</html>" ]
	[ "$(cat out/notes.txt)" = mine ]
	[ "$(ls -A)" = "$(printf '%s\n' keep out)" ]
}

@test "a run that was ended early is in the report; of runs that never ended the page says so" {
	fill
	sql "DELETE FROM observation; DELETE FROM prediction; UPDATE run SET state = 'interrupted'"
	forecall report -o out
	[ "$status" -eq 0 ]
	[[ $(page_text out/index.html) == *"the run ended early on request"*"3 runs"* || $(page_text out/index.html) == *"3 runs"*"the run ended early on request"* ]]
	[ -e out/ledger-run-1-cpus.svg ]
	# and in a series, of which the page shows whole runs only
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/windows.sql"
	forecall track
	[ "$(sql "SELECT count(*) > 0 FROM series")" -eq 1 ]
	forecall report -o again
	[ "$status" -eq 0 ]
	sql "UPDATE run SET state = 'incomplete'"
	forecall report -o none
	[ "$status" -eq 0 ]
	[[ $(page_text none/index.html) == *"No run of this database came to its end"* ]]
}

@test "a search in which nobody was served has dashes, no figures" {
	fill
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/capacity.sql"
	forecall report -f md
	[[ $output == *"| run 8 | sendmsg | 1000 | 1100 | "*" % | 1050 |"* ]]
	sql "UPDATE trial SET rate_bps_min = 1"
	forecall report -f md
	[[ $output == *"| run 8 | sendmsg | 0 | 250 | – | – |"* ]]
	forecall report -o out
	[ "$status" -eq 0 ]
	lacks '[^a-z]nan[^a-z]' <(page_text out/index.html)
}

@test "a run that does not exist is an error" {
	fill
	forecall report 1 99 -o out
	[ "$status" -eq 1 ]
	said "run 99 does not exist; \`forecall runs list\` shows"
	nothing_left
	forecall report one -o out
	[ "$status" -eq 2 ]
	nothing_left
}

@test "a folder that cannot be written is an error with a remedy" {
	fill
	forecall report -o no/such/folder
	[ "$status" -eq 1 ]
	said "the folder above it does not exist"
	touch keep
	forecall report -o keep
	[ "$status" -eq 1 ]
	said "keep exists and is no folder"
	forecall report -o ''
	[ "$status" -eq 1 ]
	said "name one with -o"
	nothing_left
}

@test "a read-only folder is an error, and stays as it was" {
	fill
	mkdir keep
	if [ "$(id -u)" -eq 0 ]; then
		unshare -m true || skip "mounts cannot be made here"
		readonly_do() { unshare -m sh -c 'mount --bind keep keep && mount -o remount,ro,bind keep && exec "$@"' sh "$@"; }
	else
		chmod 555 keep
		readonly_do() { "$@"; }
	fi
	run --separate-stderr readonly_do "$FORECALL" report -o keep
	[ "$status" -eq 1 ]
	said "name another place with -o"
	run --separate-stderr readonly_do "$FORECALL" report -o keep/new
	[ "$status" -eq 1 ]
	said "name another place with -o"
	[ -z "$(ls -A keep)" ]
	nothing_left
}

@test "a thousand runs and many threads make one page of bounded size, with the newest profiles drawn" {
	fill
	sql "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 1009)
	     INSERT INTO run ($RUN_COLUMNS) SELECT i, kind, state, label, host, started_ns + i, wall_ns, command, version, scope, target, pid, path, clock, clock_hz,
	     engine, topology, way, like_run, lost_n, residue, unbalanced, steal_ns, suite FROM run, n WHERE run = 1;
	     INSERT INTO prediction (profile, made_ns, path, alternative, fraction, speedup, predicted) SELECT run, 1, 'a', 'b', 0.5, 2, 1.3 FROM run WHERE run >= 10;
	     INSERT INTO warning SELECT run, 'steal', 'stolen' FROM run WHERE run >= 10;
	     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
	     INSERT INTO thread SELECT 1009, i, 0, 1, 'worker', i, i, 0, 0, 0, 0, 0, 1 FROM n;
	     WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
	     INSERT INTO ledger SELECT 1009, i, 'target', 'path', 'none', 'none', 1000 + i, 1 FROM n;"
	forecall report -o out
	[ "$status" -eq 0 ]
	[[ $output == "out/index.html: 1003 runs, 1003 predictions, 3 of them observed, 5 pictures" ]]
	grep -q 'newest 12 of 1001 profiles' out/index.html
	grep -q '69 more CPUs (mean)' out/ledger-run-1009-cpus.csv
	grep -q '169 more threads' out/ledger-run-1009-threads.csv
	[[ $(page_text out/index.html) == *"and 991 more."* ]]
	[ "$(stat -c %s out/index.html)" -lt 5000000 ]
}

@test "of many observed predictions the bars are a band behind the points" {
	fill
	forecall report -o few
	grep -q '^held_bar = way0$' few/errors.gp
	sql "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
	     INSERT INTO prediction (prediction, profile, made_ns, path, alternative, fraction, speedup, predicted, predicted_low, predicted_high, forced)
	     SELECT i, 1, 1, 'sendmsg', 'sendmmsg', 0.8, 1.25, 1.2 + i / 1e4, 1.19 + i / 1e4, 1.21 + i / 1e4, 0 FROM n;
	     INSERT INTO observation SELECT prediction, 3, 1.2, 1.195, 1.205 FROM prediction WHERE prediction >= 10"
	forecall report -o many
	[ "$status" -eq 0 ]
	grep -q '^held_bar = band$' many/errors.gp
	grep -q '^bar = band$' many/agreement.gp
	[ "$(wc -l < many/errors.csv)" -eq 294 ]
	# The points come last, so that nothing lies over them.
	awk '/^<g id="gnuplot_plot_/ { plot++ } /gpPt/ && /<use/ { last = plot } END { exit !(last == plot) }' many/agreement.svg
}

@test "--format md, json and csv print the report, and with -o write it whole" {
	fill
	forecall report --format md
	[ "$status" -eq 0 ]
	[[ $output == "# What would this server gain?"*"3 events were lost"*"r 1.300 [1.290, 1.310]"*"How sure are we?"*"observed 1.250"*"Where do the cycles go?"*"Test CPU"* ]]
	forecall report -f json
	jq -e '.predictions | length == 3' <<< "$output"
	jq -e '.predictions[] | select(.prediction == 1) | .predicted.value == 1.2 and .observed.high == 1.205 and .forced == false' <<< "$output"
	jq -e '.profiles[0].cpus[0].path == 0.75 and .hosts[0].cpu_model == "Test CPU" and .warnings[0].code == "forced"' <<< "$output"
	forecall report -f csv
	[ "$(tr -d '\r' <<< "$output" | grep -c '^[123],1,2,3,"größe","testhost","6.1.0","sendmsg","sendmmsg",0.8,,,1.25,')" -eq 3 ]
	for format in md json csv; do
		forecall report -f $format -o out.$format
		[ "$status" -eq 0 ]
		[[ $output == "out.$format: 3 runs, 3 predictions, 3 of them observed, 0 pictures" ]]
		cmp out.$format <("$FORECALL" report -f $format)
	done
	[ "$(ls)" = "$(printf '%s\n' out.csv out.json out.md)" ]
}

@test "hostile text is text in Markdown, JSON and CSV too" {
	fill
	sql "UPDATE run SET label = '=cmd(\"x\")' || char(10) || '| <b>', target = '[a](http://x) | <script> @all \`x\`'; UPDATE prediction SET alternative = '*a*|b'"
	forecall report -f md
	lacks '<b>|<script|[^\\]\[a|@all|[^\\]`x|//x.*[^\\]:/' <(printf '%s' "$output")
	[ "$(grep -c '^| run 1 | sendmsg | \\\*a\\\*\\|b |' <<< "$output")" -eq 3 ]
	forecall report -f csv
	[[ $output == *",\"'=cmd(\"\"x\"\")"* ]]
	forecall report -f json
	[ "$(jq -r '.runs[0].label' <<< "$output")" = "$(printf '=cmd("x")\n| <b>')" ]
}

@test "a document that cannot be written is an error that leaves nothing behind" {
	fill
	forecall report -f md -o no/such/file
	[ "$status" -eq 1 ]
	said "the folder above it does not exist"
	nothing_left
	run --separate-stderr sh -c "'$FORECALL' report -f json > /dev/full"
	[ "$status" -eq 1 ]
	[[ $stderr == *"cannot write to stdout"* ]]
	forecall report -f tex
	[ "$status" -eq 2 ]
	forecall report --terminal -o x
	[ "$status" -eq 2 ]
}

@test "a PDF without a browser, or with one that fails or hangs on, is an error that leaves nothing behind" {
	fill
	mkdir keep
	ln -s "$(command -v gnuplot)" keep/gnuplot
	run --separate-stderr env PATH="$PWD/keep" "$FORECALL" report -f pdf
	[ "$status" -eq 1 ]
	said "apt-get install chromium"
	nothing_left
	printf '#!/bin/sh\nexit 0\n' > keep/chromium
	chmod +x keep/chromium
	run --separate-stderr env PATH="$PWD/keep" "$FORECALL" report -f pdf
	[ "$status" -eq 1 ]
	said "chromium printed nothing"
	nothing_left
}

@test "--terminal draws r over s with characters, --sixel as an image, and neither leaves a file" {
	fill
	forecall report --terminal
	[ "$status" -eq 1 ]
	said "there is no profile of which f is known"
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/windows.sql"
	TMPDIR=$PWD forecall report --terminal
	[ "$status" -eq 0 ]
	[[ $output == *"r of this server, f = "*"busy cycles"* || $output == *"r of this server, f = "*"s, how many times"* ]]
	TMPDIR=$PWD run --separate-stderr sh -c "'$FORECALL' report --sixel | head -c 2 | od -An -tx1"
	[[ $output == *"1b 50"* ]]
	nothing_left
}

@test "in a terminal no label of the curve lies over another, however close the points" {
	fill
	for file in windows alternatives; do sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/$file.sql"; done
	ways="sendto connected uring-sqpoll uring-zc uring-multi zerocopy packet"
	sql "WITH way (way, cyc) AS (VALUES ('sendto', 890), ('connected', 892), ('uring-sqpoll', 896), ('uring-zc', 897), ('uring-multi', 902), ('zerocopy', 905),
	     ('packet', 906)), round (round) AS (VALUES (0), (1), (2), (3))
	     INSERT INTO bench (run, round, way, group_size, payload_bytes, private_bytes, packets_n, errors_n, cpu_cyc, preempt_n)
	     SELECT 5, round, way, 10, 1000, 12, 1000, 0, 1000 * cyc, 0 FROM way, round"
	forecall report --terminal
	[ "$status" -eq 0 ]
	for way in sendmmsg $ways; do
		grep -qE "(^|[^a-z-])$way([^a-z-]|$)" <<< "$output" || { echo "$way is not there: $output"; return 1; }
	done
	[ "$(wc -L <<< "$output")" -le 79 ]
}

@test "a profile with windows has its f over time, and its curve of r over s" {
	fill
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/windows.sql"
	forecall report -o out
	[ "$status" -eq 0 ]
	[ -e out/gain-run-1.svg ] && [ -e out/timeline-run-1.pdf ]
	# Every window is like the others, so f is the same in each: that of the run.
	f=$("$FORECALL" report -f json | jq '.profiles[] | select(.run == 1) | .fraction.value')
	[ "$(tail -n +2 out/timeline-run-1.csv | wc -l)" -eq 8 ]
	awk -F, -v f="$f" 'NR > 1 && ($2 - f > 1e-5 || f - $2 > 1e-5) { exit 1 }' out/timeline-run-1.csv
	# At s = 1 nothing is gained; the curve has the f of the run at its end.
	awk -F, -v f="$f" '$1 == "curve" { want = 1 / (1 - f + f / $3); if ($6 - want > 1e-4 || want - $6 > 1e-4) exit 1; n++ } END { exit n < 100 }' out/gain-run-1.csv
	grep -q '^predicted,"sendmmsg",1.25,,,1.3,1.29,1.31$' out/gain-run-1.csv
}

@test "every alternative that was benched is marked on the curve, and nothing is written to the store" {
	fill
	for file in windows report alternatives; do sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/$file.sql"; done
	before=$(sqlite3 "$FORECALL_DB" .dump | sha256sum)
	forecall report -o out
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	f=$("$FORECALL" report -f json | jq '.profiles[] | select(.run == 1) | .fraction.value')
	# s as measured in the shape of the profile, on its own machine; r by Amdahl. sendmmsg has a prediction in the store, which stands for it.
	awk -F, -v f="$f" '$1 == "benched" { want = 1 / (1 - f + f / $3); if ($6 - want > 1e-6 || want - $6 > 1e-6) exit 1; found = found $2 $3 " " }
		END { exit found != "\"multicast\"5 \"uring\"2 " }' out/gain-run-1.csv
	[ "$(grep -c '^predicted,"sendmmsg"' out/gain-run-1.csv)" -eq 1 ]
	grep -q 'multicast (a bound)' out/gain-run-1.svg
	[[ $(page_text out/index.html) == *"Every way of sending that was benched"*"multicast"*"run&nbsp;5"*"a bound, no drop-in"*"uring"*"run&nbsp;5"* ]]
	# As predict says, which keeps what it says.
	[ "$("$FORECALL" report -f json | jq -c '[.profiles[0].alternatives[] | {way, bench, s: .speedup.value}]')" = \
		'[{"way":"multicast","bench":5,"s":5},{"way":"uring","bench":5,"s":2},{"way":"sendmmsg","bench":5,"s":1.25}]' ]
	[ "$before" = "$(sqlite3 "$FORECALL_DB" .dump | sha256sum)" ]
	said=$("$FORECALL" report -f json | jq '.profiles[0].alternatives[] | select(.way == "uring").predicted | .value, .low, .high | . * 1e6 | round')
	[ "$said" = "$("$FORECALL" predict 1 --with uring --bench 5 --json | jq '.alternatives[0].predicted | .value, .low, .high | . * 1e6 | round')" ]
}

@test "a bench that does not tell a way gives it no mark, but the reason; an older one that tells it does" {
	fill
	for file in windows report; do sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/$file.sql"; done
	sql "INSERT INTO bench (run, round, way, group_size, payload_bytes, private_bytes, packets_n, errors_n, cpu_cyc, preempt_n)
	     SELECT run, round, 'uring', group_size, payload_bytes, private_bytes, packets_n, errors_n, 600000, 0 FROM bench WHERE run = 4 AND way = 'null'"
	forecall report -o out
	[ "$status" -eq 0 ]
	lacks benched out/gain-run-1.csv
	[[ $(page_text out/index.html) == *"of the packets lie outside the measured grid"* ]]
	# The sizes of profile 1 lie in this one.
	sql "INSERT INTO run (run, kind, state, host, started_ns, wall_ns, command, version, scope, target, path, clock, clock_hz, engine)
	     SELECT 3 - 3, kind, state, host, started_ns, wall_ns, command, version, scope, target, path, clock, clock_hz, engine FROM run WHERE run = 4;
	     WITH size (bytes) AS (VALUES (64), (1000)), way (way, cyc) AS (VALUES ('null', 100), ('sendmsg', 1100), ('uring', 350)), round (round) AS (VALUES (0), (1))
	     INSERT INTO bench (run, round, way, group_size, payload_bytes, private_bytes, packets_n, errors_n, cpu_cyc, preempt_n)
	     SELECT 0, round, way, 10, bytes, 0, 1000, 0, 1000 * cyc, 0 FROM size, way, round"
	forecall report -o out
	grep -q '^benched,"uring",4,' out/gain-run-1.csv
}

@test "a report of one profile has the benches made like it, for its alternatives" {
	fill
	for file in windows alternatives; do sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/$file.sql"; done
	sql "DELETE FROM observation; DELETE FROM prediction"
	forecall report 1 -o out
	[ "$status" -eq 0 ]
	[ "$(grep -c '^benched' out/gain-run-1.csv)" -eq 3 ]
	grep -q 'id="run-5"' out/index.html
}

@test "the stages of a sliced run are drawn, and stand on the page, in JSON and in Markdown" {
	fill
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/slices.sql"
	forecall report -o out
	[ "$status" -eq 0 ]
	for kind in svg png pdf csv gp; do [ -s out/slice-run-7.$kind ]; done
	run ! --separate-stderr "$FORECALL" slice 7 --functions
	[[ $stderr == *"--functions shows counted benches, and run 7 was sampled"* ]]
	grep -q '^bar,label,entry,entry_low,entry_high,copy,' out/slice-run-7.csv
	grep -q '^0,"sendmsg",0,0,0,250,250,250,0,0,0,500,500,500,' out/slice-run-7.csv
	grep -q '^1,"sendmmsg",0,0,0,200,200,200,0,0,0,400,400,400,' out/slice-run-7.csv
	[[ $(page_text out/index.html) == *"Which stages of a packet cost them?"*"run&nbsp;7"*"“stages”"*"copy in"*250*200*"IP and routing"*500*400*"receive half"*"the whole path"*1000*800* ]]
	lacks 'netfilter' <(page_text out/index.html) # no packet was ever seen there
	"$FORECALL" report -f json | jq -e '.stages[0].slices[1] | .way == "sendmmsg" and .cycles_per_packet.value == 800 and (.stages[] | select(.stage == "ip") | .share.value == 0.5)'
	[[ $("$FORECALL" report -f md) == *"| run 7 | sendmmsg | IP and routing | 50"*" % | 400"* ]]
	# By itself it is the same picture.
	"$FORECALL" slice 7 -o alone
	cmp out/slice-run-7.csv alone/slice-run-7.csv
	cmp out/slice-run-7.png alone/slice-run-7.png
}

@test "a sampled run without a sample in the path has no stages, which is said and no error" {
	fill
	forecall report -o out
	[[ $(page_text out/index.html) == *"No picture of the stages"*"forecall slice"* ]]
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/slices.sql"
	sql "DELETE FROM sample; UPDATE run SET engine = 'both' WHERE run = 1"
	forecall report -o out
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ ! -e out/slice-run-7.csv ]
}

@test "runs of several hosts stand in one page, each figure with its host" {
	fill
	sql "INSERT INTO host (host, digest, name, cpu_model, cpus_n, kernel, build, arch) VALUES (2, 'other', 'web2', 'Other CPU', 64, '6.12.1', '#2', 'aarch64');
	     INSERT INTO run ($RUN_COLUMNS) SELECT 11, kind, state, 'elsewhere', 2, started_ns + 1, wall_ns, command, version, scope, target, pid, path, clock,
	     clock_hz, engine, topology, way, like_run, lost_n, residue, unbalanced, steal_ns, suite FROM run WHERE run = 1;
	     INSERT INTO prediction (profile, made_ns, path, alternative, fraction, speedup, predicted) VALUES (11, 1, 'sendmsg', 'uring', 0.5, 2, 1.333)"
	forecall report -o out
	[ "$status" -eq 0 ]
	[[ $(page_text out/index.html) == *"4 runs on 2 hosts"*"web2"*"uring"*"testhost"*"Host 1: testhost"*"Host 2: web2"*"64 × Other CPU"*"aarch64"* ]]
	grep -q '"run 11 on web2: uring"' out/predictions.csv
	"$FORECALL" report -f json | jq -e '[.hosts[].name] == ["testhost", "web2"]'
}

@test "a bench of one point has its figures in a table" {
	fill
	forecall report -o out
	[[ $(page_text out/index.html) == *"What does a packet cost?"*"run&nbsp;2"*"the harness’s own cost is taken off"*"sendmsg"*10*100*2100* ]]
	lacks 'the bench has one payload' out/index.html
}
