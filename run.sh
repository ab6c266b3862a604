#!/usr/bin/env bash
# Builds Syncline and shows it working.
#
#   ./run.sh          build, take the tour, then run a relay on 127.0.0.1:8787 until Ctrl-C, with the web demo
#                     on the same port: shared boards, docs/demo.md
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
$tour_only || programs+=(syncline-board)
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

# The web demo is extra: without it the relay starts all the same. Prints why in a sentence when it fails.
demo_log=build/logs/run-demo.log
build_demo() {
    command -v npm >/dev/null || { echo "npm is not installed"; return 1; }
    scripts/setup.sh --no-check >"$demo_log" 2>&1 </dev/null || { echo "Emscripten could not be installed"; return 1; }
    { cmake --preset wasm &&
        cmake --build --preset wasm --parallel "${SYNCLINE_JOBS:-$(nproc)}" --target syncline-wasm; } \
        >>"$demo_log" 2>&1 </dev/null || { echo "the engine did not build"; return 1; }
    scripts/npm-ci.sh demo/web >>"$demo_log" 2>&1 || { echo "npm could not fetch its packages"; return 1; }
    node demo/web/build.mjs >>"$demo_log" 2>&1 </dev/null || { echo "the app did not build"; return 1; }
}
serve=()
echo
echo "run.sh: building the web demo (the first time takes minutes; details in $demo_log)"
if why=$(build_demo); then
    serve=(--static build/demo)
else
    echo "run.sh: $why, so the relay starts without the web demo; $demo_log says more." >&2
fi

data=${SYNCLINE_DATA:-$root/build/relay-data}
listen=${SYNCLINE_LISTEN:-127.0.0.1:8787}
mkdir -p "$data"
cat <<TEXT

The tour is over. Now a relay of your own, on ws://$listen, with its data in
$data. Ctrl-C stops it; what it has acknowledged stays.
TEXT
if ((${#serve[@]} > 0)); then
    cat <<TEXT

Shared boards, in two browsers or more: http://$listen/
Share a board's link and open it in a terminal, too:
    $bin/syncline-board --board LINK watch
TEXT
fi
cat <<TEXT

To try next, in another terminal:
    $bin/syncline --help        write, read and sync a space from the command line
    $bin/syncline-relay --help  everything the relay can be told
    README.md                   the same from C++

TEXT
exec "$bin/syncline-relay" --data "$data" --listen "$listen" "${serve[@]}"
