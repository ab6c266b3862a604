#!/usr/bin/env bash
# Reads the #include lines of the tree and refuses those that cross a layer:
#
#   core         core, the standard library and tl only; msgpack in codec/, nlohmann in document/json.cpp
#   client-sdk   nothing of sync-server; libwebsockets in net/ directories only
#   sync-server  of client-sdk the SQLite wrapper only; libwebsockets in net/ directories only
#   sqlite3.h    in client-sdk/sqlite/, tests/support/ and the VFS of wasm/ only
#   demo, tool   public headers of the SDK only: an app that needs more shows that the API lacks something
#
# Usage: check.sh [ROOT]; check.sh --self-test shows that each rule can fail.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Prints `file:line: include: rule` for each offence below the current directory; fails if there is one.
check_tree() {
    local offences directory
    for directory in core client-sdk sync-server demo tests bench wasm; do
        [[ ! -d $directory ]] || find "$directory" -name node_modules -prune -o -type f \
            \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' -o -name '*.c' \) -print
    done | sort >"$1"
    [[ -s $1 ]] || {
        echo "layering: no sources below $PWD" >&2
        return 1
    }
    # Headers of the SDK other than the wrapper's: what the relay must not see, however the name is written.
    offences=$(xargs -d '\n' awk '
        function exists(path,    line, known) {
            known = (getline line < path) >= 0
            close(path)
            return known
        }
        function offence(rule) { printf "%s:%d: %s: %s\n", FILENAME, FNR, target, rule }
        # Whose header is it? An include names a path below one of these directories, or beside the file.
        function owner(    beside) {
            beside = FILENAME
            sub(/[^\/]*$/, "", beside)
            if (quoted && exists(beside target)) return layer
            if (exists("core/include/" target)) return "core"
            if (exists("client-sdk/sqlite/include/" target)) return "sqlite"
            if (exists("client-sdk/include/" target)) return "client-sdk"
            if (layer == "core" && exists("core/src/" target)) return "core"
            if (exists("sync-server/" target) && layer != "client-sdk") return "sync-server"
            if (exists("client-sdk/" target) || exists("client-sdk/src/" target)) return "client-sdk private"
            if (exists("client-sdk/sqlite/src/" target)) return "sqlite private"
            if (exists("sync-server/" target)) return "sync-server"
            if (exists("core/src/" target)) return "core private"
            return ""
        }
        FNR == 1 {
            layer = FILENAME
            sub(/\/.*/, "", layer)
            if (FILENAME ~ /^client-sdk\/tool\//) layer = "demo"
        }
        /^[ \t]*#[ \t]*include[ \t]*[<"]/ {
            target = $0
            quoted = target ~ /include[ \t]*"/
            sub(/^[^<"]*[<"]/, "", target)
            sub(/[>"].*/, "", target)
            from = owner()
            standard = !quoted && target ~ /^[a-z0-9_]+$/

            if (target ~ /(^|\/)\.\.(\/|$)/) offence("no ../ in an include: name the header from its include directory")
            if (target ~ /^sqlite3(ext)?\.h$/ && FILENAME !~ /^(client-sdk\/sqlite\/|tests\/support\/|wasm\/src\/host_vfs\.cpp$)/)
                offence("sqlite3.h is for client-sdk/sqlite/, tests/support/ and wasm/src/host_vfs.cpp")
            if (target ~ /^(libwebsockets(\/.*)?|libwebsockets\.h|lws[-_].*)$/ && FILENAME !~ /(^|\/)net\//)
                offence("libwebsockets is for net/ directories")
            if (layer == "core") {
                if (target ~ /^msgpack/) {
                    if (FILENAME !~ /\/codec\//) offence("msgpack is for codec/")
                } else if (target ~ /^nlohmann\//) {
                    if (FILENAME != "core/src/document/json.cpp") offence("nlohmann is for core/src/document/json.cpp")
                } else if (!standard && target !~ /^tl\// && from != "core") {
                    offence("core includes core, the standard library and tl only")
                }
                if (standard && target ~ /^(thread|mutex|shared_mutex|condition_variable|future|atomic|fstream|iostream|filesystem|random|chrono)$/)
                    offence("core has no threads, files, clocks or randomness: they are handed in")
            }
            if (layer == "client-sdk" && from == "sync-server") offence("client-sdk does not know sync-server")
            if (layer == "sync-server" && from ~ /^client-sdk/) offence("of client-sdk, sync-server knows syncline/sqlite/ only")
            if (layer != "core" && layer != "tests" && from == "core private") offence("core/src is private to core")
            if (layer != "client-sdk" && layer != "tests" && from == "sqlite private") offence("private to client-sdk/sqlite")
            if (layer == "demo" && (from == "sync-server" || from == "client-sdk private"))
                offence("apps use the public headers of the SDK only")
        }' <"$1") || {
        echo "layering: the check itself failed" >&2
        return 1
    }
    [[ -z $offences ]] || {
        echo "$offences"
        return 1
    }
    echo "layering: $(wc -l <"$1") files keep to their layers"
}

# Each line: a file, the include it gets, and whether the rules allow it.
self_test() {
    local root=$1 file include verdict outcome wrong=0
    mkdir -p "$root"/{core/include/syncline/codec,core/src/{document,codec},client-sdk/{include/syncline/client,net,src,tool},client-sdk/sqlite/{include/syncline/sqlite,src},sync-server/{net,engine},demo/tour,tests/{support,sim},wasm/src}
    cd "$root"
    touch core/include/syncline/result.hpp core/src/document/tree.hpp client-sdk/include/syncline/client/store.hpp \
        client-sdk/sqlite/include/syncline/sqlite/database.hpp client-sdk/net/driver.hpp client-sdk/src/outbox.hpp \
        sync-server/engine/hub.hpp core/src/anchor.cpp
    while read -r verdict file include; do
        [[ -n $verdict ]] || continue
        echo "#include $include" >"$file"
        outcome=refused
        if check_tree "$root/list" >/dev/null; then outcome=allowed; fi
        if [[ $outcome != "$verdict" ]]; then
            echo "layering: $file with #include $include was $outcome, should be $verdict" >&2
            wrong=$((wrong + 1))
        fi
        rm "$file"
    done <<'CASES'
allowed core/src/clock.cpp "syncline/result.hpp"
allowed core/src/clock.cpp <vector>
allowed core/src/clock.cpp <tl/expected.hpp>
allowed core/src/document/paths.cpp "document/tree.hpp"
allowed core/src/document/paths.cpp "tree.hpp"
allowed core/src/codec/reader.cpp <msgpack.hpp>
allowed core/include/syncline/codec/reader.hpp <msgpack/parse.hpp>
allowed core/src/document/json.cpp <nlohmann/json.hpp>
refused core/src/clock.cpp <msgpack.hpp>
refused core/src/document/tree.cpp <nlohmann/json.hpp>
refused core/src/clock.cpp "syncline/client/store.hpp"
refused core/src/clock.cpp "syncline/sqlite/database.hpp"
refused core/src/clock.cpp "engine/hub.hpp"
refused core/src/clock.cpp <sqlite3.h>
refused core/src/clock.cpp <boost/uuid/uuid.hpp>
refused core/src/clock.cpp <unistd.h>
refused core/src/clock.cpp <thread>
refused core/src/clock.cpp <random>
refused core/src/clock.cpp "../include/syncline/result.hpp"
allowed client-sdk/src/store.cpp "syncline/sqlite/database.hpp"
allowed client-sdk/src/store.cpp "outbox.hpp"
allowed client-sdk/net/driver.cpp <libwebsockets.h>
refused client-sdk/src/store.cpp <libwebsockets.h>
refused client-sdk/src/store.cpp "engine/hub.hpp"
refused client-sdk/src/store.cpp <sqlite3.h>
refused client-sdk/src/store.cpp "document/tree.hpp"
allowed client-sdk/sqlite/src/database.cpp <sqlite3.h>
allowed sync-server/engine/store.cpp "syncline/sqlite/database.hpp"
allowed sync-server/engine/store.cpp "hub.hpp"
allowed sync-server/engine/store.cpp <spdlog/spdlog.h>
allowed sync-server/net/front.cpp <libwebsockets.h>
refused sync-server/engine/store.cpp <libwebsockets.h>
refused sync-server/engine/store.cpp "syncline/client/store.hpp"
refused sync-server/engine/store.cpp "net/driver.hpp"
refused sync-server/engine/store.cpp "outbox.hpp"
refused sync-server/engine/store.cpp <sqlite3.h>
allowed demo/tour/main.cpp "syncline/client/store.hpp"
refused demo/tour/main.cpp "engine/hub.hpp"
refused demo/tour/main.cpp "outbox.hpp"
refused client-sdk/tool/main.cpp "outbox.hpp"
allowed tests/support/faulty_vfs.cpp <sqlite3.h>
allowed tests/sim/world.cpp "engine/hub.hpp"
allowed wasm/src/host_vfs.cpp <sqlite3.h>
allowed wasm/src/engine.cpp "outbox.hpp"
refused wasm/src/engine.cpp <sqlite3.h>
refused tests/sim/world.cpp <sqlite3.h>
refused tests/sim/world.cpp <libwebsockets.h>
CASES
    ((wrong == 0)) || return 1
    echo "layering: every rule can fail"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case "${1-}" in
    --self-test) self_test "$work/tree" ;;
    -*)
        echo "layering: unknown option $1; there is only --self-test" >&2
        exit 2
        ;;
    *)
        cd "${1:-$here/../..}"
        check_tree "$work/list"
        ;;
esac
