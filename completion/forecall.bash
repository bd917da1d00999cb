# SPDX-License-Identifier: GPL-2.0-or-later
# forecall.bash: completes sub-commands, options, ways of sending, system calls and runs.
#
# Options and the words they take are read from `forecall COMMAND --help`, so that nothing here needs to be kept up to
# date with them. Needs no bash-completion package: `source completion/forecall.bash` is enough.

# Commands as `forecall [COMMAND] --help` lists them.
_forecall_commands() {
	"$1" ${2:+"$2"} --help 2> /dev/null | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# One option a line, its short form a line of its own: "--seconds N", "-s N", "--json".
_forecall_options() {
	"$@" --help 2> /dev/null | awk '/^ +(-., )?--[a-z]/ {
		name = $1 ~ /^-.,$/ ? $2 : $1
		rest = substr($0, index($0, name) + length(name))
		metavar = ""
		if (rest ~ /^ [^ ]/) { # help follows after two blanks or more
			split(rest, words, " ")
			metavar = " " words[1]
		}
		print name metavar
		if (name != $1)
			print substr($1, 1, 2) metavar
	}'
}

# Completes the last part of a comma separated list: _forecall_list CUR WORD...
_forecall_list() {
	local cur=$1 before=
	[[ $cur == *,* ]] && before=${cur%,*},
	shift
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$*" -- "${cur##*,}")
	compopt -o nospace 2> /dev/null || : # outside of a completion
}

# The value of an option, by its METAVAR in --help.
_forecall_value() {
	local program=$1 db=$2 cur=$3 metavar=$4
	case $metavar in
	WAY | WAY,...) _forecall_list "$cur" $("$program" complete ways 2> /dev/null) ;;
	CALLS) _forecall_list "$cur" $("$program" complete calls 2> /dev/null) ;;
	NAME) mapfile -t COMPREPLY < <(compgen -W "$("$program" complete kernels 2> /dev/null)" -- "$cur") ;;
	FILE\[:PATH\]) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	RUN) mapfile -t COMPREPLY < <(compgen -W "$("$program" --db "$db" complete runs 2> /dev/null)" -- "$cur") ;;
	*'|'*) mapfile -t COMPREPLY < <(compgen -W "${metavar//|/ }" -- "$cur") ;;
	FILE) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	DIR) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	esac
}

_forecall_operand() {
	local program=$1 db=$2 cur=$3 command=$4
	case $command in
	help) mapfile -t COMPREPLY < <(compgen -W "$(_forecall_commands "$program")" -- "$cur") ;;
	runs) mapfile -t COMPREPLY < <(compgen -W "$(_forecall_commands "$program" runs)" -- "$cur") ;;
	lab | suite) mapfile -t COMPREPLY < <(compgen -W "$(_forecall_commands "$program" "$command")" -- "$cur") ;;
	'lab kernels') mapfile -t COMPREPLY < <(compgen -W "add remove" -- "$cur") ;;
	'runs import') mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	'runs show' | 'runs export' | 'runs delete' | predict | observe | report | slice)
		mapfile -t COMPREPLY < <(compgen -W "$("$program" --db "$db" complete runs 2> /dev/null)" -- "$cur") ;;
	esac
}

_forecall() {
	local program=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]} db=${FORECALL_DB:-./forecall.db}
	local -a command=()
	local i word skip=
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $skip ]]; then
			[[ $skip == --db ]] && db=$word
			skip=
		elif [[ $word == -- ]]; then # a command to be run, with words of its own
			mapfile -t COMPREPLY < <(compgen -c -- "$cur"; compgen -f -- "$cur")
			return
		elif [[ $word == -* ]]; then
			_forecall_options "$program" "${command[@]}" | grep -q -- "^$word [^ ]" && skip=$word
		elif [[ ${#command[@]} -eq 0 || "${command[*]}" == runs || "${command[*]}" == lab || "${command[*]}" == suite ]]; then
			command+=("$word")
		fi
	done
	if [[ $skip ]]; then
		_forecall_value "$program" "$db" "$cur" \
			"$(_forecall_options "$program" "${command[@]}" | sed -n "s/^$skip //p" | head -n 1)"
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_forecall_options "$program" "${command[@]}" | sed 's/ .*//'; echo --help)" -- "$cur")
	elif [[ ${#command[@]} -eq 0 ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_forecall_commands "$program") help" -- "$cur")
	else
		_forecall_operand "$program" "$db" "$cur" "${command[*]}"
	fi
}

complete -o bashdefault -F _forecall forecall
