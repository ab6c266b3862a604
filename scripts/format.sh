#!/usr/bin/env bash
# Formats our C++ sources in place; with --check only names what would change, and fails if anything would.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1-}" in
    "") action=(-i) ;;
    --check) action=(--dry-run) ;;
    *)
        echo "format.sh: unknown option $1; there is only --check." >&2
        exit 2
        ;;
esac

# Not asked of git: it refuses in a folder of another user's, and an unpacked archive is none of its repositories.
mapfile -t files < <(find bench client-sdk core demo sync-server tests wasm -name node_modules -prune -o \
    -type f \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' \) -print | sort)
((${#files[@]} > 0)) || {
    echo "format.sh: no sources found" >&2
    exit 1
}
if [[ ${action[0]} == -i ]]; then
    clang-format -i "${files[@]}"
else
    unformatted=$(clang-format --dry-run "${files[@]}" 2>&1 | sed -n 's/:[0-9]*:[0-9]*: warning: .*//p' | sort -u)
    if [[ -n $unformatted ]]; then
        printf '%s\n' "$unformatted"
        echo "format.sh: $(wc -l <<<"$unformatted") of ${#files[@]} files are not formatted; run scripts/format.sh" >&2
        exit 1
    fi
fi
echo "${#files[@]} files"
