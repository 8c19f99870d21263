# Sourced by every script. Afterwards: errors end the script, the working directory is the repository,
# and `node` with every tool of package.json is the pinned one.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

# The toolchain whose core.wasm ships: the preset `wasi` or `wasm`. Both are built and tested; the
# smaller one at equal speed ships (scripts/size, tests/bench).
readonly shipped_preset=wasi

# npm runs on the Node that it came with (Debian's npm finds its modules through Debian's Node only);
# everything that npm starts, and everything else here, runs on the pinned one.
readonly bootstrap_path=$PATH
export PATH="$root/node_modules/.bin:$PATH"
npm() { PATH=$bootstrap_path command npm "$@"; }

export npm_config_loglevel=${npm_config_loglevel:-error}
export NO_UPDATE_NOTIFIER=1 WRANGLER_SEND_METRICS=false MASTRA_TELEMETRY_DISABLED=1

say() { printf '\n==> %s\n' "$*"; }
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# quietly NAME COMMAND...: runs it with its output in build/NAME.log, and shows that only if it fails.
quietly() {
  local log=build/$1.log
  shift
  mkdir -p build
  say "$* (log: $log)" >&2
  "$@" > "$log" 2>&1 || {
    tail -n 60 "$log" >&2
    die "$1 failed"
  }
}

# Prints the command's help (the comment at the top of the calling script) and ends it.
usage() {
  sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"
  exit "${1:-0}"
}

# build_preset NAME: configures once, then builds what changed.
build_preset() {
  [ -f "build/$1/build.ninja" ] || cmake --preset "$1" > /dev/null
  cmake --build "build/$1"
}
