#!/usr/bin/env bash
# Installs what a folder's package-lock.json names, unless that was done since it changed.
# Usage: scripts/npm-ci.sh FOLDER
set -euo pipefail
cd "$1"
# npm writes this file last, so an interrupted installation is done again.
if [[ ! node_modules/.package-lock.json -nt package-lock.json ]]; then
    npm ci --ignore-scripts --no-audit --no-fund </dev/null
    touch node_modules/.package-lock.json
fi
