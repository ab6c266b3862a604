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

# Also files that git does not know yet: they are about to be committed.
mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp' '*.h' | while read -r file; do
    # A deletion that is not committed yet is still listed.
    [[ ! -f $file ]] || echo "$file"
done)
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
