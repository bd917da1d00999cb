#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# workloads.bats: groupsend, livecast and receivers end to end, each test in a network namespace of its own, where the
# kernel's counters count nothing else.

bats_require_minimum_version 1.5.0

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root to make a network namespace"
	BIN=$(dirname "${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}")
	OUT=$BATS_TEST_TMPDIR
	CHILDREN=()
	unshare --net sleep infinity 3>&- &
	NS=$!
	until [ "$(readlink "/proc/$NS/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do :; done
	inside ip link set lo up
}

teardown() {
	[ -n "${NS:-}" ] || return 0
	kill -9 "${CHILDREN[@]}" "$NS" 2> /dev/null || true
	wait "${CHILDREN[@]}" "$NS" 2> /dev/null || true
}

# inside COMMAND...: runs it in the namespace.
inside() {
	nsenter --net="/proc/$NS/ns/net" "$@"
}

# start NAME COMMAND...: starts it there; its stdout goes to $OUT/NAME, its stderr to $OUT/NAME.err. $LAST is its pid.
start() {
	local name=$1
	shift
	rm -f "$OUT/$name" # or what one of that name said before is taken for its word
	nsenter --net="/proc/$NS/ns/net" "$@" > "$OUT/$name" 2> "$OUT/$name.err" < "${INPUT:-/dev/null}" 3>&- 9>&- &
	LAST=$!
	CHILDREN+=("$LAST")
}

# await SECONDS COMMAND...: until it succeeds; fails when it has not by then.
await() {
	local until=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $until ] || { echo "in vain: $*"; find "$OUT" -type f -exec tail -n 3 {} +; return 1; }
		sleep 0.02
	done
}

# said NAME TEXT: what start NAME printed holds a line that begins so.
said() { grep -qs "^$2" "$OUT/$1"; }

# field NAME JQ: from the summary, the last line, of what start NAME printed.
field() { tail -n 1 "$OUT/$1" | jq -r "$2"; }

# start_receivers ARG...: and waits until its sockets are open; $RECEIVERS is its pid.
start_receivers() {
	start receivers "$BIN/receivers" "$@"
	RECEIVERS=$LAST
	await 10 said receivers ready
}

# stop_receivers: ends it in order and gives its exit status.
stop_receivers() {
	kill -TERM "$RECEIVERS"
	wait "$RECEIVERS"
}

# start_livecast HOST ARG...: $CONTROL and $INGEST are its addresses. Its stdin is the fifo $OUT/control, open as fd 9.
start_livecast() {
	local host=$1
	shift
	mkfifo "$OUT/control"
	INPUT=$OUT/control start livecast "$BIN/livecast" --control-stdio --control "$host:0" --ingest "$host:0" "$@"
	LIVECAST=$LAST
	exec 9> "$OUT/control"
	await 10 said livecast ready
	CONTROL=$(sed -n 's/^ready control=\(.*\) ingest=.*/\1/p' "$OUT/livecast")
	INGEST=$(sed -n 's/^ready .*ingest=//p' "$OUT/livecast")
}

# control REQUEST: over its stdin; the answer is in $answer.
control() {
	local before
	before=$(wc -l < "$OUT/livecast")
	echo "$1" >&9
	await 10 eval '[ "$(wc -l < "$OUT/livecast")" -gt '"$before"' ]'
	answer=$(tail -n 1 "$OUT/livecast")
}

# stat_of NAME: one figure of the server's STATS.
stat_of() {
	control STATS
	sed -n "s/.* $1=\([0-9]*\).*/\1/p" <<< "$answer"
}

# udp NAME: a counter of the namespace, over IPv4 and IPv6.
udp() {
	local v4 v6
	v4=$(inside cat /proc/net/snmp | awk -v name="$1" '/^Udp:/ { if (!n) { for (i = 2; i <= NF; i++) if ($i == name) n = i } else print $n }')
	v6=$(inside cat /proc/net/snmp6 | awk -v name="Udp6$1" '$1 == name { print $2 }')
	echo $((v4 + v6))
}

# ways OPTION...: those that send here what groupsend is given by these options.
ways() { "$BIN/groupsend" --list "$@" | grep -v 'not here' | awk '$1 != "null" { print $1 }'; }

# ---- groupsend and receivers ----

@test "every way delivers the same bytes: payload, private header, order and count" {
	for host in 127.0.0.1 [::1]; do
		for way in $(ways --to "$host"); do
			start_receivers --listen "$host:20000" --count 37 --receive-buffer 4000000 --verify --head 20 --tail 5
			run inside "$BIN/groupsend" --to "$host:20000" --way "$way" --group 37 --payload 611 --head 20 --tail 5 \
				--bursts 53 --period-ns 1000000 --json
			[ "$status" -eq 0 ]
			[ "$(jq .packets <<< "$output")" -eq $((37 * 53)) ]
			await 10 eval '[ "$(udp InDatagrams)" -ge "$(udp OutDatagrams)" ]'
			stop_receivers
			[ "$(field receivers '[.clients, .silent, .packets, .bytes] | join(" ")')" = "37 0 $((37 * 53)) $((37 * 53 * 611))" ]
			[ "$(field receivers '[.lost, .duplicates, .reordered, .restarts, .malformed, .corrupt] | add')" -eq 0 ]
		done
	done
}

@test "a wrong private byte is found" {
	start_receivers --listen 127.0.0.1:20000 --verify --head 20 --tail 6
	inside "$BIN/groupsend" --to 127.0.0.1:20000 --head 20 --tail 5 --bursts 3
	await 10 said receivers flowing
	run ! stop_receivers
	[ "$(field receivers .corrupt)" -eq 3 ]
	grep -q "are not what was sent" "$OUT/receivers.err"
}

@test "a prime count of sends arrives exactly, by the kernel's count too" {
	for way in $(ways); do
		before=$(udp OutDatagrams)
		start_receivers --listen 127.0.0.1:20000 --receive-buffer 100000000
		inside "$BIN/groupsend" --to 127.0.0.1:20000 --way "$way" --bursts 7919 --period-ns 20000 --payload 100
		[ $(($(udp OutDatagrams) - before)) -eq 7919 ]
		stop_receivers
		[ "$(field receivers .packets)" -eq 7919 ]
	done
}

@test "null sends nothing" {
	before=$(udp OutDatagrams)
	inside "$BIN/groupsend" --to 127.0.0.1:20000 --way null --group 100 --bursts 101
	[ "$(udp OutDatagrams)" -eq "$before" ]
}

@test "datagrams up to the largest arrive whole" {
	for way in $(ways); do
		start_receivers --listen 127.0.0.1:20000 --count 3 --receive-buffer 4000000 --verify
		inside "$BIN/groupsend" --to 127.0.0.1:20000 --way "$way" --group 3 --payload 65507 --bursts 5 --period-ns 1000000
		stop_receivers
		[ "$(field receivers .bytes)" -eq $((3 * 5 * 65507)) ]
	done
}

@test "groupsend --serve answers each line with one, a wrong one with an error" {
	printf '%s\n' 'block way=null group=3 bursts=5' 'blok' 'block way=pigeon' 'block group=0' $'block \xff=1' '' \
		'block way=null group=7 bursts=11 payload=99 head=12 tail=2' > "$OUT/blocks"
	run inside "$BIN/groupsend" --serve < "$OUT/blocks"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 7 ]
	[ "$(jq .packets <<< "${lines[0]}")" -eq 15 ]
	for i in 1 2 3 4 5; do
		[ -n "$(jq -e -r .error <<< "${lines[$i]}")" ]
	done
	[ "$(jq -r '[.way, .group, .payload, .private, .packets, .errors, .bursts] | join(" ")' <<< "${lines[6]}")" = "null 7 99 14 77 0 11" ]
	[ "$(jq 'has("cpu_ns") and has("wall_ns") and has("preempt")' <<< "${lines[6]}")" = true ]
}

@test "receivers fail loudly when nobody gets data" {
	run --separate-stderr inside "$BIN/receivers" --count 3 --seconds 1
	[ "$status" -eq 1 ]
	[[ $stderr == "receivers: none of 3 clients "* ]]
	[ "$(jq .silent <<< "${lines[-1]}")" -eq 3 ]
}

@test "wrong options are refused with one line and status 2" {
	while read -r program options; do
		run --separate-stderr inside "$BIN/$program" $options
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[ "${#stderr_lines[@]}" -eq 1 ]
		[[ $stderr == *"$program: "* ]]
	done <<- 'END'
		groupsend --group 0
		groupsend --payload 10
		groupsend --to nowhere
		groupsend --cpu x
		groupsend --topology moon
		groupsend surplus
		receivers --count 0
		receivers --plain --verify
		receivers --seconds -1
		livecast --work-ns 1e9
		livecast --produce --payload 11
		livecast --pigeon
	END
}

@test "a port in use and an unknown way are errors that name them" {
	start_receivers --listen 127.0.0.1:20000
	run --separate-stderr inside "$BIN/receivers" --listen 127.0.0.1:20000
	[ "$status" -eq 1 ]
	[[ $stderr == *"127.0.0.1:20000"*"Address already in use"* ]]
	run --separate-stderr inside "$BIN/groupsend" --way pigeon
	[ "$status" -eq 1 ]
	[[ $stderr == *pigeon*sendmmsg* ]]
}

# ---- livecast ----

@test "livecast gives every client the whole stream, also while the way of sending is switched" {
	for host in 127.0.0.1 [::1]; do
		rm -f "$OUT/control"
		start_livecast "$host"
		start_receivers --listen "$host:0" --count 50 --control "$CONTROL" --verify
		start source "$BIN/livecast" --produce --to "$INGEST" --packets-per-s 500 --packets 401
		for i in 1 2 3 4 5; do
			for way in $(ways); do
				control "SEND $way"
				[ "$answer" = "OK way=$way" ]
			done
		done
		await 10 eval '[ "$(stat_of bursts)" -eq 401 ]'
		[ "$(stat_of packets)" -eq $((50 * 401)) ]
		[ "$(stat_of errors)" -eq 0 ]
		stop_receivers
		[ "$(field receivers .packets)" -eq $((50 * 401)) ]
		[ "$(field receivers '[.lost, .duplicates, .reordered, .malformed, .corrupt] | add')" -eq 0 ]
		control QUIT
		wait "$LIVECAST"
	done
}

@test "livecast tells what it has sent in a file, for every way of sending" {
	truncate -s 32 "$OUT/tally"
	start_livecast 127.0.0.1 --tally "$OUT/tally"
	start_receivers --listen 127.0.0.1:0 --count 20 --control "$CONTROL"
	tally() { od -An -t u8 -w8 -v "$OUT/tally" | xargs; } # begun, rested, bursts, packets
	for way in $(ways); do
		control "SEND $way"
		run inside "$BIN/livecast" --produce --to "$INGEST" --packets-per-s 500 --packets 31
		[ "$status" -eq 0 ]
	done
	sent=$((31 * $(ways | wc -w)))
	await 10 eval '[ "$(tally | cut -d" " -f3-)" = "'"$sent $((20 * sent))"'" ]'
	[ "$(tally | cut -d' ' -f1)" = "$(tally | cut -d' ' -f2)" ]
	[ "$(stat_of packets)" -eq $((20 * sent)) ]
	stop_receivers
	[ "$(field receivers .packets)" -eq $((20 * sent)) ]
	control QUIT
	wait "$LIVECAST"
	head -c 8 "$OUT/tally" > "$OUT/short"
	run inside "$BIN/livecast" --tally "$OUT/short"
	[ "$status" -eq 1 ]
	[[ "$output" == *"too short"* ]]
}

@test "a client whose port is closed only misses its own packets" {
	for way in $(ways); do
		rm -f "$OUT/control"
		start_livecast 127.0.0.1 --send "$way"
		start_receivers --listen 127.0.0.1:20000 --count 20 --control "$CONTROL"
		start stranger bash -c "exec 7<>/dev/tcp/${CONTROL/:/\/}; echo 'JOIN 30000 3' >&7; cat <&7"
		await 10 said stranger "OK joined=3 clients=23"
		start source "$BIN/livecast" --produce --to "$INGEST" --packets-per-s 500 --packets 101
		await 10 eval '[ "$(stat_of bursts)" -eq 101 ]'
		stop_receivers
		[ "$(field receivers '[.packets, .silent, .lost] | join(" ")')" = "$((20 * 101)) 0 0" ]
		control QUIT
		wait "$LIVECAST"
	done
}

@test "a connection that ends takes its clients with it" {
	start_livecast 127.0.0.1
	start_receivers --listen 127.0.0.1:0 --count 20 --control "$CONTROL"
	[ "$(stat_of clients)" -eq 20 ]
	kill -9 "$RECEIVERS"
	await 10 eval '[ "$(stat_of clients)" -eq 0 ]'
}

@test "joining twice is joining once, and leaving ends the packets" {
	start_livecast 127.0.0.1
	printf '%s\n' 'JOIN 30000 10' 'JOIN 30005 10' 'LEAVE 30000 4' 'LEAVE 30000 4' 'STATS' 'QUIT' > "$OUT/requests"
	run inside bash -c "exec 7<>/dev/tcp/${CONTROL/:/\/}; cat '$OUT/requests' >&7; cat <&7"
	[ "${lines[0]}" = "OK joined=10 clients=10" ]
	[ "${lines[1]}" = "OK joined=5 clients=15" ]
	[ "${lines[2]}" = "OK left=4 clients=11" ]
	[ "${lines[3]}" = "OK left=0 clients=11" ]
	[[ ${lines[4]} == "OK way=sendmsg clients=11 "* ]]
	[ "${lines[5]}" = "OK" ]
}

@test "hostile lines get an error each, and the server goes on" {
	start_livecast 127.0.0.1
	{
		printf '\n\0\0\n\xff\xfe\nJOIN\nJOIN 70000\nJOIN 65535 2\nWORK -5\nSEND %s\n' "$(printf 'x%.0s' {1..100})"
		head -c 100000 /dev/zero | tr '\0' 'x'
		printf '\nSTATS\nQUIT\n'
	} > "$OUT/requests"
	run inside bash -c "exec 7<>/dev/tcp/${CONTROL/:/\/}; cat '$OUT/requests' >&7; cat <&7"
	[ "${#lines[@]}" -eq 11 ]
	for i in {0..8}; do
		[[ ${lines[$i]} == "ERR "* ]]
	done
	[[ ${lines[9]} == "OK way="* ]]
	control 'JOIN 30000'
	[[ $answer == "ERR "* ]]
	control STATS
	[[ $answer == "OK "* ]]
}

@test "what is no RTP is counted and dropped" {
	start_livecast 127.0.0.1
	start_receivers --listen 127.0.0.1:0 --control "$CONTROL"
	for i in 1 2 3; do
		inside bash -c "echo 'no RTP at all' > /dev/udp/${INGEST/:/\/}"
	done
	await 10 eval '[ "$(stat_of malformed)" -eq 3 ]'
	[ "$(stat_of packets)" -eq 0 ]
}

@test "user work is done per recipient" {
	start_livecast 127.0.0.1 --send null
	start_receivers --listen 127.0.0.1:0 --count 100 --control "$CONTROL"
	control 'WORK 20000'
	[[ $answer == "OK work_ns=20000 iterations="* ]]
	before=$(awk '{ print $1 }' "/proc/$LIVECAST/schedstat")
	start source "$BIN/livecast" --produce --to "$INGEST" --packets-per-s 100 --packets 50
	await 10 eval '[ "$(stat_of bursts)" -eq 50 ]'
	spent=$(($(awk '{ print $1 }' "/proc/$LIVECAST/schedstat") - before))
	[ $spent -gt $((50 * 100 * 20000 * 8 / 10)) ]
}

@test "a source without a server says so" {
	run --separate-stderr inside "$BIN/livecast" --produce --to 127.0.0.1:30000 --packets-per-s 1000
	[ "$status" -eq 1 ]
	[[ $stderr == "livecast: nobody listens at 127.0.0.1:30000"* ]]
}

@test "the stream of a real ffmpeg is relayed" {
	command -v ffmpeg > /dev/null || skip "ffmpeg is not installed: apt-get install ffmpeg"
	start_livecast 127.0.0.1
	start_receivers --listen 127.0.0.1:0 --count 10 --control "$CONTROL" --rtp-clock-hz 8000
	start ffmpeg ffmpeg -nostdin -loglevel error -re -f lavfi -i sine=frequency=440 -t 2 -ar 8000 -c:a pcm_mulaw -f rtp "rtp://$INGEST"
	wait "$LAST"
	ingested=$(stat_of ingested)
	[ "$ingested" -gt 5 ]
	[ "$(stat_of malformed)" -eq 0 ]
	stop_receivers
	[ "$(field receivers '[.packets, .silent, .lost, .corrupt] | join(" ")')" = "$((10 * ingested)) 0 0 0" ]
	# 8000 samples a second of one byte each, and 12 bytes of header per packet
	field receivers '.rate_bps.mean > 60000 and .rate_bps.mean < 72000' | grep -x true
}

# ---- topologies ----

# Network namespaces that any process is in, one per line. (An open descriptor shows in no list.)
namespaces() { readlink /proc/[0-9]*/ns/net | sort -u; }

@test "every way delivers the same bytes between two namespaces, over IPv4 and IPv6" {
	for host in 198.18.0.2 [fd00::2]; do
		ipv6=$([[ $host == \[* ]] && echo --ipv6 || true)
		for way in $(ways --to "$host"); do
			for topology in veth veth-rps; do
				run inside "$BIN/groupsend" --topology $topology --peer-cpu 0 $ipv6 --verify --way "$way" --group 23 --head 20 --tail 5 \
					--payload 611 --bursts 29 --json
				[ "$status" -eq 0 ]
				[ "$(jq '[.packets, .errors] | join(" ")' -r <<< "$output")" = "$((23 * 29)) 0" ]
			done
		done
	done
}

@test "what has nothing private arrives by gso and multicast too, and what cannot be sent is refused before" {
	for options in "--topology veth" "--topology veth --ipv6"; do
		group=$([[ $options == *ipv6 ]] && echo "[ff12::6]:5006" || echo 239.66.67.68:5006)
		run inside "$BIN/groupsend" $options --verify --way gso --one-destination --head 0 --group 150 --payload 1001 --bursts 7 --json
		[ "$status" -eq 0 ]
		[ "$(jq .packets <<< "$output")" -eq $((150 * 7)) ]
		run inside "$BIN/groupsend" $options --verify --way multicast --multicast "$group" --head 0 --group 150 --bursts 7 --json
		[ "$status" -eq 0 ]
		[ "$(jq .packets <<< "$output")" -eq $((150 * 7)) ]
	done
	while read -r way options; do
		run inside "$BIN/groupsend" --way "$way" $options
		[ "$status" -eq 1 ]
		[[ $output == *"groupsend: $way cannot send this: "* ]]
	done <<- 'END'
		gso --group 2
		gso --group 2 --head 0
		multicast --group 2 --head 12 --multicast 239.66.67.68:5006
		multicast --group 2 --head 0
		zerocopy --group 2
		zerocopy --to [::1]:20000
		packet --group 2
	END
}

@test "a sink drops what every way sends, after it was sent" {
	for way in $(ways --to 198.18.0.2); do
		run inside "$BIN/groupsend" --topology sink --way "$way" --group 23 --bursts 29 --json
		[ "$status" -eq 0 ]
		[ "$(jq '[.packets, .errors] | join(" ")' -r <<< "$output")" = "$((23 * 29)) 0" ]
	done
	run inside "$BIN/groupsend" --topology sink --way zerocopy --group 23 --json
	[ "$(jq .copied <<< "$output")" -eq 0 ]
}

@test "packets cross two namespaces, with and without receive steering" {
	for topology in lo veth veth-rps; do
		run --separate-stderr inside "$BIN/groupsend" --topology "$topology" --peer-cpu 0 --group 30 --bursts 11 --way "$(ways | paste -sd,)" --json
		[ "$status" -eq 0 ]
		[ "$(jq -s 'map(.packets == 330 and .errors == 0) | all' <<< "$output")" = true ]
	done
}

@test "a topology is gone when its program is killed, and so are its receivers" {
	before=$(namespaces)
	mkfifo "$OUT/blocks"
	INPUT=$OUT/blocks start groupsend "$BIN/groupsend" --serve --topology veth --receivers 10
	exec 9> "$OUT/blocks"
	echo 'block way=sendmsg group=10' >&9
	await 10 said groupsend '{'
	[ "$(namespaces | wc -l)" -eq $(($(wc -l <<< "$before") + 2)) ]
	receivers=$(pgrep -P "$LAST")
	kill -9 "$LAST"
	await 10 eval '! kill -0 "$receivers" 2> /dev/null || grep -q "^State:.Z" "/proc/$receivers/status"'
	await 10 eval '[ "$(namespaces)" = "$before" ]'
	run ! inside ip link show fc-server
}

@test "without the right to make namespaces the error names the remedy" {
	command -v setpriv > /dev/null || skip "setpriv is not installed: apt-get install util-linux"
	run --separate-stderr setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$BIN/groupsend" --topology veth
	[ "$status" -eq 1 ]
	[[ $stderr == *"run as root"*"--topology lo"* ]]
}
