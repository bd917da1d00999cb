#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# try.bats: forecall try: every datagram arrives once, whole and in order, whatever the server does meanwhile; and a program that
# cannot be reached is named.

bats_require_minimum_version 1.5.0

setup_file() {
	cc -O2 -D_GNU_SOURCE -Wall -Wextra -pthread -o "$BATS_FILE_TMPDIR/datagrams" "$BATS_TEST_DIRNAME/helpers/datagrams.c"
}

setup() {
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	OUT=$BATS_TEST_TMPDIR
	DATAGRAMS=$BATS_FILE_TMPDIR/datagrams
	WITH=${WITH:-sendmmsg}
	CHILDREN=()
	ulimit -c 0
}

teardown() {
	[ "${#CHILDREN[@]}" -eq 0 ] || kill -9 "${CHILDREN[@]}" 2> /dev/null || true
}

# await SECONDS COMMAND...: until it succeeds; fails when it has not by then.
await() {
	local until=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $until ] || { echo "in vain: $*"; return 1; }
		sleep 0.01
	done
}

not() { ! "$@"; } # a bare ! would not fail a test

ended() { ! kill -0 "$1" 2> /dev/null; }

# start NAME COMMAND...: its stdout goes to $OUT/NAME, its stderr to $OUT/NAME.err. $LAST is its pid.
start() {
	local name=$1
	shift
	"$@" > "$OUT/$name" 2> "$OUT/$name.err" < /dev/null 3>&- &
	LAST=$!
	CHILDREN+=("$LAST")
}

start_receiver() {
	start received "$DATAGRAMS" receive "$OUT/port"
	RECEIVER=$LAST
	await 10 test -e "$OUT/port"
	PORT=$(cat "$OUT/port")
}

# What the receiver got, when everything was sent that will be.
received() {
	"$DATAGRAMS" end "$PORT"
	await 10 ended "$RECEIVER"
	cat "$OUT/received"
}

# trying HOW COUNT [OPTION...]: a sender under forecall try; its report, as JSON, is in $OUT/try.
trying() {
	local how=$1 count=$2
	shift 2
	timeout 120 "$FORECALL" --json try --with "$WITH" "$@" -- "$DATAGRAMS" "$how" "$PORT" "$count" > "$OUT/try" 2>&1 3>&- || {
		cat "$OUT/try"
		return 1
	}
}

# reported FILTER: by jq, of the report.
reported() { sed -n '/^{/,/^}/p' "$OUT/try" | jq -e "$1" > /dev/null || { cat "$OUT/try"; return 1; }; }

# arrive_once HOW COUNT STREAMS [OPTION...]: all came, once, whole, in order; and all were held back.
arrive_once() {
	local how=$1 count=$2 streams=$3 got
	shift 3
	start_receiver
	trying "$how" "$count" "$@"
	got=$(received)
	echo "$got"
	[ "$got" = "$count datagrams of $streams streams, 0 twice or late, 0 missing, 0 broken" ]
	reported ".counts | .seen == $count and .taken == $count and .given == $count and .refused == 0 and .lost == 0"
}

# ---- Once, whole, in order ----

@test "every datagram of a thread arrives once and in order, in fewer calls" {
	arrive_once plain 10007 1
	reported '.counts | .batches * 5 < .given and .calls <= .batches'
}

@test "send, write and writev on a connected socket are held back, too" {
	arrive_once connected 10007 1
	reported '.counts | .batches * 5 < .given'
}

@test "a batch is given when it is full" {
	arrive_once plain 10007 1 --batch 4
	reported '.counts | .full > 1000 and .batches * 4 >= .given'
}

@test "a batch of one is no batch, and nothing waits" {
	arrive_once plain 1009 1 --batch 1
	reported '.counts | .batches == .given'
}

@test "a thread that makes no other call has its datagrams given by the bound on delay" {
	arrive_once computing 2003 1
	reported '.counts | .late > 10 and .before == 0'
}

@test "several sockets keep their order" {
	arrive_once sockets 10007 4
	reported '.counts.other > 1000'
}

@test "threads that share a socket keep the order that their lock gives" {
	arrive_once threads 20000 5
	reported '.counts.thread > 0'
}

@test "threads that end leave nothing behind" {
	arrive_once short-threads 2000 1
	reported '.counts.end > 100'
}

@test "parent and child that send by turns send nothing twice" {
	arrive_once forks 1000 1
}

@test "children that send at once are followed" {
	arrive_once children 8000 4
}

@test "duplicates of a descriptor are one socket" {
	arrive_once duplicates 5000 1
}

@test "a socket that is closed or replaced with datagrams held back loses none, and its number is another socket's then" {
	start_receiver
	trying closing 2000
	[ "$(received)" = "2382 datagrams of 202 streams, 0 twice or late, 0 missing, 0 broken" ]
	reported '.counts | .taken == 2382 and .given == 2382'
}

@test "an image that is replaced by another sends first what it held back" {
	arrive_once execs 500 1
}

# killed_servers TIMES
killed_servers() {
	for i in $(seq "$1"); do
		rm -f "$OUT"/port "$OUT"/returned
		start_receiver
		start killed "$FORECALL" --json try --with "$WITH" -- "$DATAGRAMS" endless "$PORT" 0 "$OUT/returned"
		await 10 test -s "$OUT/returned"
		sleep 0.0$((RANDOM % 90 + 10))
		kill -9 "$(pgrep -P "$LAST" datagrams)"
		await 10 ended "$LAST"
		sent=$(od -An -tu8 -N8 "$OUT/returned" | tr -d ' ')
		got=$(received)
		echo "$sent sends returned; $got"
		# one more may have been taken whose call never came back
		[ "$got" = "$sent datagrams of 1 streams, 0 twice or late, 0 missing, 0 broken" ] ||
			[ "$got" = "$((sent + 1)) datagrams of 1 streams, 0 twice or late, 0 missing, 0 broken" ]
		[ "$sent" -gt 0 ]
		grep -q 'was killed by signal 9' "$OUT/killed.err"
	done
}

@test "a server that is killed in the middle loses nothing that it had sent, and sends nothing twice" {
	killed_servers 8
}

# ---- By io_uring ----

@test "uring: a batch spans sockets, and each keeps its order" {
	WITH=uring arrive_once sockets 10007 4
	reported '.counts | .calls * 3 < .given'
}

@test "uring: threads, forks, images and bounds" {
	WITH=uring
	for sender in "threads 8000 5" "forks 500 1" "execs 200 1" "computing 503 1" "duplicates 2003 1"; do
		rm -f "$OUT/port"
		arrive_once $sender
	done
}

@test "uring: a server that is killed in the middle loses nothing that it had sent, and sends nothing twice" {
	WITH=uring killed_servers 4
}

# The slow readers of streams: what the sender wrote is what they read, whatever was written only in part.
streams_arrive() {
	trying streams 4000000 --stream --with uring
	grep -q '^4000000 bytes to each of 12 readers, 0 broken$' "$OUT/try"
	reported '.counts | .stream > 100 and .lost == 0'
}

@test "uring: with --stream, back-pressure and partial writes lose and reorder nothing" {
	PORT=0
	streams_arrive
}

@test "without --stream connections are left alone" {
	PORT=0
	WITH=uring
	timeout 60 "$FORECALL" --json try --with uring -- "$DATAGRAMS" streams 0 100000 > "$OUT/try" 2>&1 3>&- || [ $? -eq 3 ] # no datagram was seen
	grep -q '"stream": 0' "$OUT/try"
	grep -q '^100000 bytes to each of 12 readers, 0 broken$' "$OUT/try"
}

# ---- Errors ----

@test "an error of a held back datagram is told by the socket's next call" {
	start_receiver
	trying refused 300
	grep -q 'told ECONNREFUSED, then ECONNREFUSED' "$OUT/try"
}

@test "a datagram that is refused does not hold up those around it" {
	start_receiver
	trying oversize 0
	grep -q 'next call: Permission denied' "$OUT/try"
	reported '.counts | .given == 3 and .refused == 1'
}

# ---- What cannot be reached ----

# unreachable REASON PROGRAM: is named, and not run.
unreachable() {
	run -3 "$FORECALL" try -- "$2"
	[[ "$output" == *"cannot reach $2"*"$1"* ]]
}

@test "a static program is named, and not run" {
	echo 'int main(void) { return 0; }' > "$OUT/a.c"
	cc -static -o "$OUT/static" "$OUT/a.c"
	unreachable "linked statically" "$OUT/static"
}

@test "a program made by Go is named, and not run" {
	echo 'int main(void) { return 0; }' > "$OUT/a.c"
	cc -o "$OUT/plain" "$OUT/a.c"
	objcopy --add-section .go.buildinfo="$OUT/a.c" "$OUT/plain" "$OUT/go"
	unreachable "made by Go" "$OUT/go"
}

@test "a program that gains rights is named, and not run" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to make one"
	cp /bin/true "$OUT/other"
	chown 65534 "$OUT/other"
	chmod u+s "$OUT/other"
	unreachable "other rights" "$OUT/other"
}

@test "a script is judged by its interpreter" {
	echo 'int main(void) { return 0; }' > "$OUT/a.c"
	cc -static -o "$OUT/static" "$OUT/a.c"
	echo "#!$OUT/static" > "$OUT/script"
	chmod +x "$OUT/script"
	run -3 "$FORECALL" try -- "$OUT/script"
	[[ "$output" == *"linked statically"* ]]
}

@test "a program whose sends pass the C library by is named, and not taken for one without a gain" {
	[ "$(uname -m)" = x86_64 ] || skip "its system call is written for x86_64"
	run -3 "$FORECALL" try -- "$DATAGRAMS" direct 9 100
	[[ "$output" == *"past the C library"* ]]
}

@test "a program that is not there, a wrong way and too small a bound are bad usage or named" {
	run -1 "$FORECALL" try -- /no/such/program
	[[ "$output" == *"there is no program /no/such/program"* ]]
	run -2 "$FORECALL" try --with pigeons -- true
	run -2 "$FORECALL" try --delay 1 -- true
	run -2 "$FORECALL" try
	run -2 "$FORECALL" try --stream -- true
	[[ "$output" == *"--stream needs --with uring"* ]]
	run -2 "$FORECALL" try --with sendgroup -- true
	[[ "$output" == *"exactly once"* ]]
}

@test "the server's failure is told, and its end ends forecall" {
	run -1 "$FORECALL" try -- sh -c 'exit 7'
	[[ "$output" == *"ended with status 7"* ]]
}

@test "nothing of the server or its guard outlives it" {
	start_receiver
	start running "$FORECALL" try --with "$WITH" -- "$DATAGRAMS" endless "$PORT" 0 "$OUT/returned"
	await 10 test -s "$OUT/returned"
	server=$(pgrep -P "$LAST" datagrams)
	await 10 pgrep -P "$server" forecall-guard
	guard=$(pgrep -P "$server" forecall-guard)
	kill -TERM "$LAST"
	await 10 ended "$LAST"
	ended "$server"
	await 2 ended "$guard"
}

@test "nothing of what a script has started, or put into the background, outlives it" {
	start_receiver
	server="'$DATAGRAMS' endless $PORT 0 '$OUT/returned' & echo \$! > '$OUT/server'"
	for script in "$server; wait" "($server); sleep 99"; do
		: > "$OUT/returned"
		start running "$FORECALL" try --with "$WITH" -- sh -c "$script"
		await 10 test -s "$OUT/returned"
		kill -TERM "$LAST"
		await 10 ended "$LAST"
		ended "$(cat "$OUT/server")"
	done
}

# ---- Comparing ----

comparing() {
	[ "$(id -u)" -eq 0 ] || skip "needs root to load BPF programs"
	[ -r /sys/kernel/btf/vmlinux ] || skip "needs a kernel with BTF"
	export FORECALL_DB=$OUT/test.db
}

@test "r observed is set beside r predicted, of one process, and both are kept" {
	comparing
	start_receiver
	trying endless 0 --compare --seconds 2 --force --window 20 --rounds 10
	reported '.path == "sendto,sendmsg" or .path == "sendmsg,sendto"'
	reported '.lost == 0 and .batch > 5 and (.alternatives[0] | .way == "'"$WITH"'" and .observed.value > 0 and .predicted.value > 0)'
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(DISTINCT way) FROM block WHERE run = $(sed -n '/^{/,/^}/p' "$OUT/try" | jq .observe)")" -eq 2 ]
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM observation")" -eq 1 ]
}

@test "a server without load, one that ends, and a load that fails are told apart" {
	comparing
	run -1 "$FORECALL" try --compare --wait 0.3 -- sleep 100
	[[ "$output" == *"sent nothing within 0.3 s"*"--load"* ]]
	run -1 "$FORECALL" try --compare -- true
	[[ "$output" == *"ended before it sent anything"* ]]
	run -1 "$FORECALL" try --compare --load 'exit 3' -- sleep 100
	[[ "$output" == *"the load ends at once with an error"* ]]
}

@test "a server whose sends pass the C library by is refused by --compare, and counted" {
	comparing
	start_receiver
	[ "$(uname -m)" = x86_64 ] || skip "its system call is written for x86_64"
	run -3 "$FORECALL" try --compare --wait 0.5 -- "$DATAGRAMS" direct "$PORT" 0
	[[ "$output" == *"past the C library"* ]]
}
