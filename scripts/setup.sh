#!/usr/bin/env bash
# Installs what a build needs on Debian 12 and fetches the pinned SQLite. Instant when all of it is there.
# Usage: scripts/setup.sh [--no-wasm | --no-check]
#   --no-wasm   leaves out Emscripten (800 MB), which only the browser's engine needs, and what only checks need
#   --no-check  leaves out what only checks need, Chromium (400 MB) above all
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# To build and to run.
packages=(
    iso-codes  # the data set of the tour
    g++ cmake ninja-build ccache lld pkg-config ca-certificates
    libwebsockets-dev
    libwebsockets-evlib-uv  # loaded at run time: without it the relay cannot start its event loop
    libuv1-dev libmsgpack-cxx-dev libboost-dev libexpected-dev libspdlog-dev libcli11-dev
    nlohmann-json3-dev libssl-dev zlib1g-dev prometheus-cpp-dev
    catch2 librapidcheck-dev libbenchmark-dev
)
# To check.
check_packages=(clang clang-format clang-tidy libclang-rt-14-dev python3 chromium brotli)
# To build the browser's engine.
wasm_packages=(emscripten)

fail() {
    echo "setup: $*" >&2
    exit 1
}

case "${1-}" in
    "") packages+=("${check_packages[@]}" "${wasm_packages[@]}") ;;
    --no-wasm) ;;
    --no-check) packages+=("${wasm_packages[@]}") ;;
    -h | --help)
        sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}"
        exit 0
        ;;
    *) fail "unknown option $1; see --help." ;;
esac

# Before anything is installed: what this script cannot mend.
mkdir -p "$root/build" 2>/dev/null && [[ -w $root/build ]] ||
    fail "$(id -un) may not write in $root/build, where everything is built; give them that folder, or clone into one of theirs."
command -v node >/dev/null ||
    fail "Node.js is missing; install version 20 or newer with its npm (the SQLite source arrives by npm)."

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "setup: this is not Debian, so nothing is installed. A build needs these Debian packages, or what your" >&2
    echo "       system calls them: ${packages[*]}" >&2
else
    # One query for all: the installed ones are printed, the others are missing.
    installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' "${packages[@]}" 2>/dev/null || true) "
    missing=()
    for package in "${packages[@]}"; do
        [[ $installed == *" installed:$package "* ]] || missing+=("$package")
    done
    if ((${#missing[@]} > 0)); then
        by_hand="as root, run
    apt-get update && apt-get install --no-install-recommends ${missing[*]}"
        as_root=(env)
        if ((EUID != 0)); then
            command -v sudo >/dev/null || fail "packages are missing, and there is no sudo to install them with; $by_hand"
            sudo true </dev/null || fail "packages are missing, and sudo refuses to install them; $by_hand"
            # env: sudo drops variables of the caller.
            as_root=(sudo env)
        fi
        apt=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120)
        echo "setup: installing ${missing[*]}"
        # An installation that was interrupted, ours perhaps, has to be ended before apt-get begins another. What
        # fails here fails there again.
        "${as_root[@]}" DEBIAN_FRONTEND=noninteractive dpkg --configure -a </dev/null || true
        # By itself apt-get counts an update that reached nothing as done. One of many sources may fail all the
        # same: whether that matters shows in what can be installed.
        updated=true
        "${apt[@]}" -o APT::Update::Error-Mode=any update </dev/null || updated=false
        "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null || {
            $updated || fail "apt-get reached not all of its sources (its messages are above); check the network and /etc/apt."
            fail "apt-get could not install the packages (its message is above); they are those of Debian 12 (bookworm)."
        }
    fi
fi

"$root/scripts/fetch-sqlite.sh"
