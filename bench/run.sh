#!/usr/bin/env bash
# Runs the core benchmark: ours natively, ours under Node, and the peers, one after the other on this
# machine, and prints one table. All of it takes one to three hours; let nothing else run meanwhile.
#
#   bench/run.sh --traces FOLDER            everything
#   bench/run.sh --only w2 --only b3.4      rows whose name begins so
#   bench/run.sh --ours                     without the peers
#   bench/run.sh --traces FOLDER --publish  puts the table into docs/benchmarks.md
#
# --traces FOLDER  the recorded editing traces of W4 (default: $SYNCLINE_TRACES; see bench/peers/README.md)
# --repeat N       processes for each row; the median counts (default: 3)
# Results stay in build/bench/*.json; `node bench/peers/table.mjs build/bench/*.json` makes the table of them again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    echo "run.sh: $*" >&2
    exit 2
}
traces=${SYNCLINE_TRACES-}
repeat=3
rows=()
peers=yes
publish=no
command="bench/run.sh $*"
while (($# > 0)); do
    case $1 in
        --traces | --repeat | --only)
            (($# > 1)) || fail "$1 needs a value; see --help."
            case $1 in
                --traces) traces=$2 ;;
                --repeat) repeat=$2 ;;
                --only) rows+=("$2") ;;
            esac
            shift
            ;;
        --ours) peers=no ;;
        --publish) publish=yes ;;
        -h | --help)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) fail "unknown option $1; see --help." ;;
    esac
    shift
done
if [[ $publish == yes ]] && { ((${#rows[@]} > 0)) || [[ $peers == no || -z $traces ]]; }; then
    fail "--publish needs all rows, the traces and the peers: parts of a table do not belong together."
fi
read -r load _ </proc/loadavg
if [[ ${load%%.*} -ge 1 ]]; then echo "run.sh: the machine is busy (load $load): the figures will be low." >&2; fi

results=build/bench
mkdir -p "$results"
# Where Debian keeps what Emscripten's own scripts need; its node looks there by itself, others do not.
export NODE_PATH=${NODE_PATH:-/usr/share/nodejs}
for preset in release wasm; do
    cmake --preset "$preset" >/dev/null
    cmake --build --preset "$preset" --target syncline-bench
done
common=(--repeat "$repeat")
if [[ -n $traces ]]; then common+=(--traces "$traces"); fi
build/release/bin/syncline-bench "${rows[@]}" "${common[@]}" --json "$results/native.json"
node build/wasm/bin/syncline-bench.js "${rows[@]}" "${common[@]}" --json "$results/wasm.json"
files=("$results/native.json" "$results/wasm.json")
if [[ $peers == yes ]]; then
    [[ -d bench/peers/node_modules ]] || (cd bench/peers && npm ci)
    node bench/peers/run.mjs "${rows[@]/#/--only=}" "${common[@]}" --json "$results/peers.json"
    files+=("$results/peers.json")
fi

{
    date +"%Y-%m-%d, \`${command//$traces/FOLDER}\`, load average before: $load. Medians of $repeat runs, each in a process of its own."
    echo
    node bench/peers/table.mjs "${files[@]}"
} >"$results/table.md"
cat "$results/table.md"
if [[ $publish == yes ]]; then
    page=docs/benchmarks.md
    awk -v table="$results/table.md" '
        /^<!-- end of the table -->/ { inside = 0 }
        !inside { print }
        /^<!-- bench\/run.sh --publish writes this table -->/ {
            inside = 1
            print ""
            while ((getline line < table) > 0) print line
            print ""
        }' "$page" >"$results/page.md"
    cp "$results/page.md" "$page"
fi
