#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# track-lab.sh: boot parameters and rules that cost, injected from one kernel version on, must be found at that version; and two
# guests of one kernel must agree to the last digit. Usage: track-lab.sh [KERNEL...], four neighbours, oldest first.
set -u
cd "$(dirname "$0")/../.." || exit 2
forecall=build/forecall
kernels=("${@:-6.1.0-47-cloud-amd64}")
[ $# -ge 4 ] || kernels=(6.1.0-47-cloud-amd64 6.1.0-48-cloud-amd64 6.1.0-49-cloud-amd64 6.1.0-50-cloud-amd64)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bench=(bench --alternative sendmmsg --group 10 --payload 1000 --rounds 10 --block 1 --width 0.5)
missed=0

# guest DB KERNEL WORDS [RULES]: one run in a guest with these words on its command line, and RULES netfilter rules on its output.
guest() {
	local setup=()
	if [ "${4:-0}" -gt 0 ]; then
		{ echo 'add table ip t'; echo 'add chain ip t o { type filter hook output priority 0; }'
		  for ((i = 0; i < $4; i++)); do echo "add rule ip t o ip daddr 10.0.0.$((i % 250 + 1)) counter"; done; } > "$work/rules"
		setup=(--in "$(command -v nft):/bin/nft" --in "$work/rules:/root/rules" --module nf_tables)
		"$forecall" -q --db "$1" lab run --kernel "$2" ${3:+--append "$3"} "${setup[@]}" -- sh -c "nft -f rules && exec forecall ${bench[*]}" > "$work/log" 2>&1
	else
		"$forecall" -q --db "$1" lab run --kernel "$2" ${3:+--append "$3"} -- "${bench[@]}" > "$work/log" 2>&1
	fi || { echo "guest $2 $3 failed:"; tail -n 3 "$work/log"; return 1; }
}

# The cost of sendmsg in instructions that the last run of a database measured.
cost() {
	"$forecall" --db "$1" track --json 'bench/lo/sendmsg/*' | jq -r ".lines[0].marks[$2].value.value"
}

# inject NAME WORDS RULES: from the third kernel on; what it costs there, and where track puts it.
inject() {
	local db=$work/$1.db want="last good ${kernels[1]}, first bad ${kernels[2]}" said share
	cp "$work/base.db" "$db"
	guest "$db" "${kernels[2]}" "$2" "$3" && guest "$db" "${kernels[3]}" "$2" "$3" || { missed=1; return; }
	said=$("$forecall" --db "$db" track 'bench/lo/sendmsg/*' --above 0.2% --first-bad)
	share=$(awk -v a="$(cost "$work/plain.db" 2)" -v b="$(cost "$db" 2)" 'BEGIN { printf "%.3f", 100 * (b / a - 1) }')
	if [[ $said == *"$want"* ]]; then verdict='found, at the right version'
	elif awk -v s="$share" 'BEGIN { exit !(s <= 0.2) }'; then verdict='not above 0.2 %: none to be found'
	else verdict='MISSED'; missed=1; fi
	printf '%-24s %8s %%  %s\n' "$1" "$share" "$verdict"
}

for k in "${kernels[@]:0:2}"; do guest "$work/base.db" "$k" "" || exit 1; done
cp "$work/base.db" "$work/plain.db"
for k in "${kernels[@]:2:2}"; do guest "$work/plain.db" "$k" "" || exit 1; done
guest "$work/again.db" "${kernels[0]}" "" || exit 1
"$forecall" --db "$work/again.db" compare "$work/again.db" "$work/base.db:${kernels[0]}" --fail-above 0% > "$work/aa" && aa=met || { aa=MISSED; missed=1; }
printf '%-24s %s, alike to the last digit: %s\n' 'A against A' "$(grep -c . "$work/aa") lines" "$aa"
printf 'without injection: '; "$forecall" --db "$work/plain.db" track 'bench/lo/sendmsg/*' --above 0.2% --first-bad | head -n 1
inject init_on_alloc 'init_on_alloc=1 init_on_free=1' 0
inject slub_debug 'slub_debug=FZP' 0
inject mitigations 'mitigations=auto,nosmt retbleed=unret spectre_v2=retpoline' 0
if command -v nft > /dev/null; then
	inject netfilter-1 '' 1
	inject netfilter-10 '' 10
	inject netfilter-100 '' 100
else
	echo 'netfilter: not measured: nft is not installed'
fi
exit $missed
