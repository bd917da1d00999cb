#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# track-lab.sh: boot parameters and rules that cost, injected from one kernel version on, must be found at that version; and two
# guests of one kernel must agree to the last digit. Usage: track-lab.sh [KERNEL...], four neighbours, oldest first.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${BUILD:-build} forecall=${BUILD:-build}/forecall
kernels=("$@")
[ $# -ge 4 ] || kernels=(6.1.0-47-cloud-amd64 6.1.0-48-cloud-amd64 6.1.0-49-cloud-amd64 6.1.0-50-cloud-amd64)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# over TOPOLOGY: what is run, and followed. The sink has a network namespace of its own, lo has that of the rules.
over() {
	bench=(bench --topology "$1" --alternative sendmmsg --group 10 --payload 1000 --rounds 10 --block 3 --width 0.5)
	benchmark="bench/$1/sendmsg/*"
}
missed=0
cp "$build/bench/audit_rules" "$work/" || exit 2

# nft_rules N: rules on what is sent, of which none matches.
nft_rules() {
	echo 'add table ip t'
	echo 'add chain ip t o { type filter hook output priority 0; }'
	for ((i = 0; i < $1; i++)); do echo "add rule ip t o ip daddr 10.0.0.$((i % 250 + 1)) counter"; done
}

# guest DB KERNEL WORDS [SETUP]: one run in a guest with these words on its command line; SETUP is "nft N" or "audit N" rules.
guest() {
	local log=$1.$2.log with=() rules=${4#* }
	case ${4:-} in
	nft*)
		nft_rules "$rules" > "$1.rules"
		with=(--in "$(command -v nft):/bin/nft" --in "$1.rules:/root/rules" --module nf_tables -- sh -c "nft -f rules && exec forecall ${bench[*]}") ;;
	audit*) with=(--in "$work/audit_rules" -- sh -c "./audit_rules $rules && exec forecall ${bench[*]}") ;;
	*) with=(-- "${bench[@]}") ;;
	esac
	"$forecall" -q --db "$1" lab run --kernel "$2" ${3:+--append "$3"} "${with[@]}" > "$log" 2>&1 || { echo "guest $2 $3 failed:"; tail -n 3 "$log"; return 1; }
}

# guests DB FROM TO WORDS [SETUP]: on kernels FROM to TO, side by side.
guests() {
	local i failed=0 pids=()
	for ((i = $2; i <= $3; i++)); do guest "$1" "${kernels[i]}" "$4" "${5:-}" & pids+=($!); done
	for i in "${pids[@]}"; do wait "$i" || failed=1; done
	return $failed
}

# cost DB KERNEL: of sendmsg there, in instructions.
cost() {
	"$forecall" --db "$1" track --json "$benchmark" | jq -r --arg k "${kernels[$2]}" '.lines[0].marks[] | select(.kernel == $k) | .value.value'
}

# judge NAME DB BEFORE: what the change that DB has from the third kernel on costs there, against database BEFORE, and where track puts it.
judge() {
	local said share verdict want="last good ${kernels[1]}, first bad ${kernels[2]}"
	said=$("$forecall" --db "$2" track "$benchmark" --above 0.2% --first-bad)
	share=$(awk -v a="$(cost "$3" 2)" -v b="$(cost "$2" 2)" 'BEGIN { printf "%.3f", 100 * (b / a - 1) }')
	if [[ $said == *"$want"* ]]; then verdict='found, at the right version'
	elif awk -v s="$share" 'BEGIN { exit !(s <= 0.2) }'; then verdict='not above 0.2 %: none to be found'
	else verdict="MISSED: $said"; missed=1; fi
	printf '%-28s %8s %%  %s\n' "$1" "$share" "$verdict"
}

# inject NAME WORDS [SETUP]: from the third kernel on.
inject() {
	local db=$work/$1.db
	cp "$work/base.db" "$db"
	guests "$db" 2 3 "$2" "${3:-}" && judge "$1" "$db" "$work/plain.db" || missed=1
}

# turn_on NAME OFF ON: what is on by default, or costs less than nothing when it is: off everywhere, on from the third kernel on.
turn_on() {
	local off=$work/$1.off.db db=$work/$1.db
	guests "$off" 0 3 "$2" || { missed=1; return; }
	sqlite3 "$off" ".backup '$db'"
	guests "$db" 2 3 "$3" && judge "$1" "$db" "$off" || missed=1 # of two runs of a kernel the last counts
}

# begin TOPOLOGY: the four kernels as they are.
begin() {
	over "$1"
	rm -f "$work"/base.db "$work"/plain.db
	guests "$work/base.db" 0 1 "" || exit 1
	cp "$work/base.db" "$work/plain.db"
	guests "$work/plain.db" 2 3 "" || exit 1
	printf 'without injection, %s: ' "$1"
	"$forecall" --db "$work/plain.db" track "$benchmark" --above 0.2% --first-bad | head -n 1
}

if command -v nft > /dev/null; then
	begin lo
	for n in 1 10 100; do inject "netfilter-rules-$n" '' "nft $n"; done
else
	echo 'netfilter: not measured: nft is not installed'
fi
begin sink
guests "$work/again.db" 0 0 "" || exit 1
"$forecall" --db "$work/again.db" compare "$work/again.db" "$work/base.db:${kernels[0]}" --all --fail-above 0% > "$work/aa" && aa=met || { aa=MISSED; missed=1; cat "$work/aa"; }
printf '%-28s %s benchmarks, alike to the last digit: %s\n' 'A against A' "$(grep -c '^bench/' "$work/aa")" "$aa"
turn_on init_on_alloc init_on_alloc=0 init_on_alloc=1
turn_on mitigations mitigations=off mitigations=auto
inject init_on_free init_on_free=1
inject slub_debug slub_debug=FZP
inject audit-on '' 'audit 0'
inject audit-rule-1 '' 'audit 1'
inject audit-rules-10 '' 'audit 10'
exit $missed
