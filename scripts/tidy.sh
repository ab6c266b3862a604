#!/usr/bin/env bash
# Runs clang-tidy over our sources, with the flags of the `tidy` preset.
#
#   scripts/tidy.sh           library, server and tool sources, without the path-sensitive analyzer,
#                             which takes five times as long as all other checks together
#   scripts/tidy.sh --all     tests, too, and the analyzer
#   scripts/tidy.sh FILE…     these only, and the analyzer
#
# A file that passed is not looked at again until it, a header of ours, its flags or .clang-tidy changes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
jobs=${SYNCLINE_JOBS:-$(nproc)}

directories='core|client-sdk|sync-server|demo'
checks='-clang-analyzer-*'  # added to those of .clang-tidy
wanted=()
for argument in "$@"; do
    case $argument in
        --all)
            directories='core|client-sdk|sync-server|demo|tests|bench'
            checks=
            ;;
        -*)
            echo "tidy.sh: unknown option $argument; there is only --all." >&2
            exit 2
            ;;
        *) wanted+=("$(realpath "$argument")") ;;
    esac
done

cmake --preset tidy >/dev/null
database=build/tidy/compile_commands.json
stamps=build/tidy/stamps
mkdir -p "$stamps"

mapfile -t files < <(node -e '
    const [root, directories] = process.argv.slice(1);
    const ours = new RegExp("^" + root.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") + "/(" + directories + ")/");
    const entries = JSON.parse(require("fs").readFileSync("build/tidy/compile_commands.json"));
    console.log([...new Set(entries.map((e) => e.file).filter((f) => ours.test(f)))].join("\n"));' "$root" "$directories")
if ((${#wanted[@]} > 0)); then
    files=("${wanted[@]}")
    checks=
fi
[[ -n ${files[0]-} ]] || {
    echo "tidy.sh: no sources found in $database" >&2
    exit 1
}

# All headers together: which of them a file reads is the compiler's knowledge, and headers are few.
headers() {
    find bench client-sdk core demo sync-server tests wasm -name node_modules -prune -o \
        -type f \( -name '*.hpp' -o -name '*.h' \) -print0 | sort -z
}
common=$({ headers | xargs -0 sha256sum; echo "$checks"; sha256sum .clang-tidy CMakePresets.json cmake/*.cmake; } | sha256sum | cut -d' ' -f1)

check_one() {
    local file=$1 key output
    key=$({ echo "$common"; sha256sum "$file"; } | sha256sum | cut -d' ' -f1)
    [[ ! -e $stamps/$key ]] || return 0
    if output=$(clang-tidy --quiet --checks="$checks" --warnings-as-errors='*' -p build/tidy "$file" 2>/dev/null); then
        touch "$stamps/$key"
    else
        # In one write, so that two files' findings do not mix.
        printf '%s\n' "${output:-$file: clang-tidy failed without a finding}"
        return 1
    fi
}
export -f check_one
export checks common stamps
status=0
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$jobs" bash -c 'check_one "$1"' check || status=1
echo "${#files[@]} files looked at"
exit "$status"
