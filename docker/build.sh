#!/bin/sh
# Builds the package, and unpacks it as npm would publish it into the folder given: build.sh <folder>
set -eu
mkdir -p "$1"
target=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
[ -d node_modules ] || npm ci
npm run build
packed=$(mktemp -d)
npm pack --ignore-scripts --silent --pack-destination "$packed"
tar -xzf "$packed"/*.tgz -C "$target" --strip-components=1
rm -r "$packed"
