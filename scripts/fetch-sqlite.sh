#!/usr/bin/env bash
# Puts the pinned SQLite amalgamation into build/deps/sqlite3, where every preset finds it.
# It travels inside the npm package better-sqlite3, which carries sqlite3.c as its project publishes it;
# no Debian 12 package has a version with the WAL-reset fix (3.51.3). Instant when it is already there.
set -euo pipefail

package=better-sqlite3@12.11.1
integrity=sha512-dq9AtApgg5PGFtBzPFSBl3HZQjHok5gaQCM6zh2Yk0aSmDCs1CbnVI8/HgASQkNKsWFpseIO9beg5xxpYhbIfA==
sqlite3_c_sha256=60d2f39a3726cd6b9021da6f4e868608d66fbb6528a9f513dc8ffcc640493422

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$root/build/deps/sqlite3

fail() {
    echo "fetch-sqlite: $*" >&2
    exit 1
}
is_pinned() {
    [[ -f $1/sqlite3.c && -f $1/sqlite3.h ]] &&
        echo "$sqlite3_c_sha256  $1/sqlite3.c" | sha256sum --check --status
}

if is_pinned "$target"; then
    exit 0
fi
command -v npm >/dev/null || fail "npm is missing; install Node.js 20 or newer, which brings it."

mkdir -p "$root/build/deps"
work=$(mktemp -d "$root/build/deps/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

echo "fetch-sqlite: fetching $package"
# What npm has kept will do: it is pinned. Without a network, npm's own retries would take minutes.
npm_options=(--ignore-scripts --loglevel=error --prefer-offline --fetch-retries=1 --fetch-retry-mintimeout=2000)
(cd "$work" && npm pack "$package" "${npm_options[@]}" >npm.log 2>&1) ||
    fail "npm could not fetch $package ($(sed -n 's/^npm [a-zA-Z]*!\{0,1\} //p' "$work/npm.log" | head -n 4 | paste -sd ,)); is the network up?"
tarball=$(find "$work" -maxdepth 1 -name '*.tgz')
[[ -n $tarball ]] || fail "npm pack left no tarball."
# Node rather than openssl: it is certain to be here when npm is.
actual=$(node -e 'const c = require("crypto"), f = require("fs");
    console.log("sha512-" + c.createHash("sha512").update(f.readFileSync(process.argv[1])).digest("base64"))' "$tarball")
[[ $actual == "$integrity" ]] || fail "the tarball of $package is not the pinned one ($actual); not using it."

tar -xzf "$tarball" -C "$work" package/deps/sqlite3/sqlite3.c package/deps/sqlite3/sqlite3.h ||
    fail "the tarball of $package could not be unpacked (tar's message is above)."
is_pinned "$work/package/deps/sqlite3" || fail "sqlite3.c inside $package does not have the pinned SHA-256."
# One rename: another build may be looking. Lost races leave the same files.
rm -rf "$target"
mv -T "$work/package/deps/sqlite3" "$target" 2>/dev/null || is_pinned "$target" || fail "could not move the files to $target."
echo "fetch-sqlite: SQLite $(sed -n 's/^#define SQLITE_VERSION  *"\(.*\)"/\1/p' "$target/sqlite3.h") is in build/deps/sqlite3"
