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
        as_root=()
        if ((EUID != 0)); then
            command -v sudo >/dev/null ||
                fail "these packages are missing, and there is no sudo to install them with; as root, run: apt-get install ${missing[*]}"
            # env: sudo drops variables of the caller.
            as_root=(sudo env)
        fi
        apt=("${as_root[@]}" "DEBIAN_FRONTEND=noninteractive" apt-get -q -o DPkg::Lock::Timeout=120)
        ((EUID != 0)) || apt=(env "${apt[@]}")
        echo "setup: installing ${missing[*]}"
        "${apt[@]}" update </dev/null || fail "apt-get update failed (its message is above); check the network and /etc/apt/sources.list."
        "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null ||
            fail "apt-get could not install the packages (its message is above); they are those of Debian 12 (bookworm)."
    fi
fi

command -v node >/dev/null || fail "Node.js is missing; install version 20 or newer (the SQLite source arrives by npm)."
"$root/scripts/fetch-sqlite.sh"
