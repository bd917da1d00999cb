# SPDX-License-Identifier: GPL-2.0-or-later
# recipe.sh: what the recipes of real servers have in common; sourced by each. A recipe says
#
#     NEEDS="program ..."   what it runs
#     PATHS=calls           the system calls it sends by, for forecall profile --path
#     prepare               writes configuration into $DIR (optional)
#     server                becomes the server, in the foreground (exec)
#     ready                 succeeds once the server answers
#     load                  keeps it busy until it is killed
#
# and ends with: recipe "$@". Then
#
#     RECIPE start          starts the server in the background; it ends by itself after $LIFE seconds (600)
#     RECIPE server         the same in the foreground: forecall try -- RECIPE server
#     RECIPE load [S]       loads it, for S seconds
#     RECIPE pid            its process
#     RECIPE stop           ends it and removes its directory
#     RECIPE paths          the calls
#
# Everything listens on 127.0.0.1, on ports of its own (from $PORT_BASE, 17000), in $FORECALL_RECIPES/NAME (/tmp/forecall-recipes-UID).
# Exit status 77: a program is missing. They are looked for in $PATH and where `fetch` unpacks them.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
NAME=$(basename "$0")
ROOT=${FORECALL_SERVERS:-$HERE/../../build/servers}/root
DIR=${FORECALL_RECIPES:-/tmp/forecall-recipes-$(id -u)}/$NAME
PORT_BASE=${PORT_BASE:-17000}
LIFE=${LIFE:-600}
if [ -d "$ROOT" ]; then
	ROOT=$(cd "$ROOT" && pwd)
	PATH=$PATH:$ROOT/usr/sbin:$ROOT/usr/bin
	LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$ROOT/usr/lib/$(uname -m)-linux-gnu:$ROOT/lib/$(uname -m)-linux-gnu
	export PATH LD_LIBRARY_PATH
fi

say() { echo "$NAME: $*" >&2; }

need() {
	local program
	for program in $NEEDS; do
		command -v "$program" > /dev/null || { say "skipped: $program is missing; make deps-servers fetches it"; exit 77; }
	done
}

# A small program beside the recipe, built when it is first needed.
tool() {
	mkdir -p "$DIR"
	[ "$DIR/$1" -nt "$HERE/$1.c" ] || cc -O2 -D_GNU_SOURCE -Wall -Wextra -o "$DIR/$1" "$HERE/$1.c" || exit 1
}

# await SECONDS COMMAND...
await() {
	local until=$((SECONDS + $1))
	shift
	until "$@" > /dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.05
	done
}

listens() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

alive() { [ -s "$DIR/pid" ] && kill -0 "$(cat "$DIR/pid")" 2> /dev/null; }

prepare() { :; }

start() {
	alive && { say "runs already, as $(cat "$DIR/pid")"; exit 1; }
	mkdir -p "$DIR" && prepare || exit 1
	LIFE=$LIFE setsid timeout -k 5 "$LIFE" "$HERE/$NAME" server > "$DIR/log" 2>&1 < /dev/null &
	echo $! > "$DIR/timeout"
	await 5 pgrep -P "$(cat "$DIR/timeout")"
	pgrep -P "$(cat "$DIR/timeout")" > "$DIR/pid"
	await 20 ready || { say "does not answer:"; tail -n 5 "$DIR/log" >&2; stop; exit 1; }
}

stop() {
	alive && kill "$(cat "$DIR/pid")" 2> /dev/null
	for i in $(seq 100); do
		alive || break
		sleep 0.05
	done
	alive && kill -9 "$(cat "$DIR/pid")"
	rm -rf "$DIR"
}

recipe() {
	case ${1:-} in
	start) need; start ;;
	server) need; mkdir -p "$DIR" && prepare && server ;;
	load)
		need
		await 20 ready || { say "does not answer: start it first"; exit 1; }
		if [ $# -gt 1 ]; then
			timeout "$2" "$0" load
			[ $? -eq 124 ]
		else
			load
		fi ;;
	pid) alive && cat "$DIR/pid" ;;
	paths) echo "$PATHS" ;;
	stop) stop ;;
	*) sed -n '/^#     RECIPE/s/^# *//p' "$HERE/recipe.sh" >&2; exit 2 ;;
	esac
}
