#!/usr/bin/env bash
# Runs every check and ends in a line `N passed, N failed`.
#
#   ./test.sh           everything, sized for a change: under an hour on two cores, far less when repeated
#   ./test.sh --quick   builds with assertions and runs the tests once, with a tenth of the random cases
#   ./test.sh --long    adds the tests tagged [.slow] and ten times the random cases; takes hours
#   ./test.sh --help    this text
#
# A failing step does not stop the others; the failed ones are named at the end with their logs (build/logs).
# Passed and failed count the Catch2 test cases of the assertions build, and each other check as one.
#
# Environment: SYNCLINE_TEST_SCALE  multiplies the random cases tests try (a number; default 1)
#              SYNCLINE_TRACES      folder with recorded editing sessions; unset, they are looked for
#                                   beside the project and skipped where there are none
#              SYNCLINE_JOBS        compiler processes at a time (default: one per processor)
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$root" || exit 1

mode=normal
for argument in "$@"; do
    case $argument in
        --quick | --long)
            if [[ $mode != normal ]]; then
                echo "test.sh: --quick and --long exclude each other." >&2
                exit 2
            fi
            mode=${argument#--}
            ;;
        -h | --help)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *)
            echo "test.sh: unknown option $argument; see ./test.sh --help." >&2
            exit 2
            ;;
    esac
done

jobs=${SYNCLINE_JOBS:-$(nproc)}
if [[ -z ${SYNCLINE_TRACES:-} && -d ../shared/data ]]; then
    export SYNCLINE_TRACES=$PWD/../shared/data
fi
logs=build/logs
# Two runs in one tree would build over each other.
if ! mkdir -p "$logs" || ! exec {lock}>build/.test.lock; then
    echo "test.sh: $(id -un) may not write in $root/build, where everything is built." >&2
    exit 1
fi
if ! flock --nonblock "$lock"; then
    echo "test.sh: another run is using build/; wait for it, or run in another clone." >&2
    exit 1
fi
passed=0
failed=0
failures=()  # "what, why: see log"

# The random cases: few where every instruction is instrumented.
case $mode in
    quick) default_scale=0.1 ;;
    normal) default_scale=1 ;;
    long) default_scale=10 ;;
esac
scale=${SYNCLINE_TEST_SCALE:-$default_scale}
[[ $scale =~ ^[0-9]*\.?[0-9]+$ ]] || {
    echo "test.sh: SYNCLINE_TEST_SCALE is \"$scale\", which is not a number." >&2
    exit 2
}
sanitizer_scale=$(awk -v scale="$scale" 'BEGIN { print scale / 20 }')

# Catch2 runs hidden tests only when asked. "~[.],[slow]": all that are not hidden, and the slow ones.
selection=()
if [[ $mode == long ]]; then selection=("~[.],[slow]"); fi

# What must exist and pass. A missing one is a failure: a glob that finds nothing would pass unseen.
groups=(core laws golden client-sdk sync-server sim e2e)
# Only these start threads.
threaded_groups=(client-sdk sync-server e2e)

note_pass() {
    passed=$((passed + $1))
}
note_failure() {  # count, what, log
    failed=$((failed + $1))
    failures+=("$2: see $3")
    echo "      FAILED: $2 (see $3)"
}
log_name() {
    echo "$logs/$(tr -c 'a-z0-9\n-' '-' <<<"${1,,}" | tr -s -).log"
}
begin() {
    printf '%(%H:%M:%S)T  %s\n' -1 "$1"
}

# run_logged log command…: in a process group of its own, so that Ctrl-C ends it with all it started. (The
# tests run below `timeout`, which the terminal's signal does not reach.)
child=
run_logged() {
    local log=$1 status=0
    shift
    set -m
    "$@" >"$log" 2>&1 </dev/null {lock}>&- &
    child=$!
    set +m
    wait "$child" || status=$?
    child=
    return "$status"
}
interrupted() {
    [[ -z $child ]] || kill -TERM -- "-$child" 2>/dev/null
    echo "test.sh: interrupted" >&2
    exit 130
}
trap interrupted INT TERM

# check "what" command…: one check, passed when the command succeeds.
check() {
    local what=$1 log
    shift
    log=$(log_name "$what")
    begin "$what"
    if run_logged "$log" "$@"; then
        note_pass 1
    else
        note_failure 1 "$what" "$log"
        tail -n 15 "$log" | sed 's/^/      | /'
        return 1
    fi
}

# build preset [target…]: one check; what does build is built even when something else does not.
build() {
    local preset=$1
    shift
    check "build $preset" build_now "$preset" "$@"
}
build_now() {
    local preset=$1
    shift
    cmake --preset "$preset" || return 1
    cmake --build --preset "$preset" --parallel "$jobs" ${1+--target "$@"} -- -k 0
}

# Ninja refuses a target that does not exist before it builds the others. Its tests then fail by name.
existing_targets() {  # preset, wanted… -> those that the build tree has
    local known target
    known=" $(cmake --build --preset "$1" --target help 2>/dev/null | sed -n 's/^\([A-Za-z0-9_-]*\): phony$/\1/p' | tr '\n' ' ') "
    shift
    for target in "$@"; do
        if [[ $known == *" $target "* ]]; then echo "$target"; fi
    done
}

# catch2 group: counts its test cases one by one.
catch2() {
    local group=$1 program=build/dev/bin/syncline-tests-$1 log listed ran status=0
    log=$(log_name "tests $group")
    begin "tests: $group"
    if [[ ! -x $program ]]; then
        echo "$program does not exist: nothing was compiled from tests/, or the build failed." >"$log"
        note_failure 1 "tests $group did not build" "$log"
        return
    fi
    # Version 2 of Catch2 exits with the number of names listed, so its exit code says nothing here.
    listed=$("$program" --list-test-names-only "${selection[@]}" 2>/dev/null | grep -c .)
    SYNCLINE_TEST_SCALE=$scale run_logged "$log" timeout --kill-after=10 "$timeout_seconds" \
        "$program" -w NoTests "${selection[@]}" || status=$?
    # One of: "All tests passed (9 assertions in 3 test cases)", "test cases: 4 | 2 passed | 1 failed | 1 failed as
    # expected", or nothing after a crash. What was listed and is not known to have passed has failed.
    ran=$(sed -n -e 's/^All tests passed (.* in \([0-9]*\) test cases\{0,1\})$/\1/p' \
        -e '/^test cases: /{s/^test cases: *[0-9]*//;p}' "$log" | tail -n 1)
    if [[ $ran == *'|'* ]]; then
        ran=$(grep -oE '[0-9]+ (passed|failed as expected)' <<<"$ran" | awk '{ sum += $1 } END { print sum + 0 }')
    fi
    ran=${ran:-0}
    if ((ran > listed)); then ran=$listed; fi
    note_pass "$ran"
    if ((ran < listed || status != 0 || listed == 0)); then
        local lost=$((listed - ran)) why="exit code $status"
        if ((status == 124 || status == 137)); then why="stopped after $timeout_seconds s"; fi
        # A process that dies after its last test has still failed.
        note_failure "$((lost > 0 ? lost : 1))" "tests $group ($lost of $listed did not pass, $why)" "$log"
        tail -n 15 "$log" | sed 's/^/      | /'
    else
        echo "      $ran test cases passed"
    fi
}

# sanitized preset group: all its test cases as one check.
sanitized() {
    local program=build/$1/bin/syncline-tests-$2 runner=()
    # ThreadSanitizer as of 2022 gives up where the kernel randomises more address bits than it knows.
    if [[ $1 == tsan ]] && setarch -R true 2>/dev/null; then runner=(setarch -R); fi
    SYNCLINE_TEST_SCALE=$sanitizer_scale \
        ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 \
        LSAN_OPTIONS="suppressions=$PWD/tests/support/lsan.supp:print_suppressions=0" \
        UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 \
        check "$1: tests $2" "${runner[@]}" timeout --kill-after=10 "$timeout_seconds" "$program" -w NoTests "${selection[@]}"
}

# replay preset: libFuzzer is not run here, but each input that once broke a target is; one check per target.
replay() {
    local source program target found=false
    for source in tests/fuzz/fuzz_*.cpp; do
        [[ -e $source ]] || continue
        found=true
        target=$(basename "$source" .cpp)
        program=build/$1/bin/syncline-${target//_/-}
        ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 \
            check "$1: replay ${target#fuzz_}" timeout 300 "$program" "tests/fuzz/corpus/${target#fuzz_}"
    done
    $found || check "$1: replay the fuzz corpora" sh -c 'echo "there is no tests/fuzz/fuzz_*.cpp"; false'
}

# node_tests what command…: Node's runner, counted test by test.
node_tests() {
    local what=$1 log known lost status=0
    shift
    log=$(log_name "tests $what")
    begin "tests: $what"
    SYNCLINE_TEST_SCALE=$scale run_logged "$log" timeout --kill-after=10 "$timeout_seconds" "$@" || status=$?
    known=$(sed -n 's/^# pass \([0-9]*\)$/\1/p' "$log" | tail -n 1)
    lost=$(sed -n 's/^# \(fail\|cancelled\) \([0-9]*\)$/\2/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
    note_pass "${known:-0}"
    if ((status != 0 || lost > 0 || ${known:-0} == 0)); then
        note_failure "$((lost > 0 ? lost : 1))" "tests $what (exit code $status)" "$log"
        grep -A 8 '^ *not ok' "$log" | head -n 30 | sed 's/^/      | /'
    else
        echo "      $known tests passed"
        sed -n 's/^# syncline.wasm: /      syncline.wasm: /p' "$log"
    fi
}

package_check() {
    local prefix=$PWD/build/package/prefix
    rm -rf build/package
    cmake --install build/dev --prefix "$prefix" || return 1
    cmake -S tests/package -B build/package/build -G Ninja -DCMAKE_PREFIX_PATH="$prefix" || return 1
    cmake --build build/package/build --parallel "$jobs" || return 1
    build/package/build/package-test "$PWD/build/package"
}

started=$SECONDS
timeout_seconds=1200
if [[ $mode == long ]]; then timeout_seconds=21600; fi

if check "setup" scripts/setup.sh; then
    build dev
    for group in "${groups[@]}"; do catch2 "$group"; done
    if [[ $mode != quick ]]; then
        replay dev
        check "the tour" timeout 300 build/dev/bin/syncline-tour
        check "layering" tests/layering/check.sh
        check "layering: each rule can fail" tests/layering/check.sh --self-test
        check "formatting" scripts/format.sh --check
        build wasm
        if check "wasm: npm packages" env --chdir=wasm npm ci --ignore-scripts --no-audit --no-fund; then
            check "wasm: types" env --chdir=wasm npm run --silent check
            node_tests "wasm engine" node tests/wasm/run.mjs engine
            node_tests "wasm package" node tests/wasm/run.mjs types page node react codemirror
            node_tests "wasm browser" node tests/wasm/run.mjs browser chromium
            if check "wasm: the package" env --chdir=wasm npm run --silent build; then
                check "wasm: what a page loads" node wasm/scripts/size.mjs
                node_tests "wasm bundlers" node tests/wasm/run.mjs bundlers tutorial
            fi
        fi
        if check "demo: npm packages" env --chdir=demo/web npm ci --ignore-scripts --no-audit --no-fund; then
            check "demo: types" env --chdir=demo/web npm run --silent check
            node_tests "demo" node tests/demo/run.mjs
        fi
        check "package: install, find_package, build, run" package_check

        check "configure asan" cmake --preset asan
        mapfile -t targets < <(existing_targets asan "${groups[@]/#/syncline-tests-}")
        mapfile -t -O "${#targets[@]}" targets < <(existing_targets asan \
            $(for source in tests/fuzz/fuzz_*.cpp; do basename "$source" .cpp | sed 's/^/syncline-/;s/_/-/g'; done))
        build asan "${targets[@]}"
        for group in "${groups[@]}"; do sanitized asan "$group"; done
        replay asan

        check "configure tsan" cmake --preset tsan
        mapfile -t targets < <(existing_targets tsan "${threaded_groups[@]/#/syncline-tests-}")
        build tsan "${targets[@]}"
        for group in "${threaded_groups[@]}"; do sanitized tsan "$group"; done

        tidy_arguments=()
        if [[ $mode == long ]]; then tidy_arguments=(--all); fi
        check "clang-tidy" scripts/tidy.sh "${tidy_arguments[@]}"
    fi
fi

echo
if ((${#failures[@]} > 0)); then
    echo "Failed:"
    printf '    %s\n' "${failures[@]}"
fi
echo "Took $(((SECONDS - started) / 60)) min $(((SECONDS - started) % 60)) s; logs are in $logs."
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
