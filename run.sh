#!/usr/bin/env bash
# Builds Syncline and shows it working.
#
#   ./run.sh          build, take the tour, then run a relay on 127.0.0.1:8787 until Ctrl-C
#   ./run.sh --tour   build and take the tour only; its exit code is the tour's. Asks nothing.
#   ./run.sh --help   this text
#
# Environment: SYNCLINE_DATA    where the relay keeps its SQLite files (default build/relay-data)
#              SYNCLINE_LISTEN  its address (default 127.0.0.1:8787)
#              SYNCLINE_JOBS    compiler processes at a time (default: one per processor)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$root"

fail() {
    echo "run.sh: $*" >&2
    exit 1
}

tour_only=false
for argument in "$@"; do
    case $argument in
        --tour) tour_only=true ;;
        -h | --help)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *)
            echo "run.sh: unknown option $argument; see ./run.sh --help." >&2
            exit 2
            ;;
    esac
done

scripts/setup.sh --no-wasm

mkdir -p build/logs
log=build/logs/run-build.log
programs=(syncline syncline-relay syncline-tour)
echo "run.sh: building ${programs[*]} (the first time takes minutes; details in $log)"
if ! { cmake --preset release && cmake --build --preset release --parallel "${SYNCLINE_JOBS:-$(nproc)}" --target "${programs[@]}"; } >"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2
    fail "the build failed; the end of $log is above."
fi

bin=build/release/bin
for program in "${programs[@]}"; do
    [[ -x $bin/$program ]] || fail "the build left no $bin/$program; see $log."
done

status=0
"$bin/syncline-tour" </dev/null || status=$?
if $tour_only; then
    exit "$status"
fi
((status == 0)) || fail "the tour failed with exit code $status, so the relay is not started."

data=${SYNCLINE_DATA:-$root/build/relay-data}
listen=${SYNCLINE_LISTEN:-127.0.0.1:8787}
mkdir -p "$data"
cat <<TEXT

The tour is over. Now a relay of your own, on ws://$listen, with its data in
$data. Ctrl-C stops it; what it has acknowledged stays.

To try next, in another terminal:
    $bin/syncline --help        write, read and sync a space from the command line
    $bin/syncline-relay --help  everything the relay can be told
    README.md                   the same from C++

TEXT
exec "$bin/syncline-relay" --data "$data" --listen "$listen"
