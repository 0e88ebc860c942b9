#!/bin/sh
# Starts Magos on a Node that can run it: the one that npm brought along, else the one on PATH.
# Ends by becoming that process, so that signals and exit codes are Magos's own.
set -eu

needed_major=24
needed_minor=16

# 78 is EX_CONFIG: the machine has to be changed before another start can help.
refuse() {
  printf 'magos: %s\n' "$1" >&2
  exit 78
}

# Prints the folder that a path lies in once every symlink of the file itself is followed.
real_folder() {
  file=$1
  while [ -L "$file" ]; do
    target=$(readlink "$file")
    case $target in
      /*) file=$target ;;
      *) file=$(dirname "$file")/$target ;;
    esac
  done
  CDPATH='' cd -P "$(dirname "$file")" && pwd -P
}

# Prints where a Node may be, best first: nested below this package, then hoisted beside it.
candidates() {
  printf '%s\n' "$1/node_modules/.bin/node"
  folder=$1
  while [ "$folder" != / ]; do
    folder=$(dirname "$folder")
    case $folder in
      */node_modules) printf '%s\n' "$folder/.bin/node" ;;
    esac
  done
  command -v node || :
}

# Succeeds if that Node starts at all (another libc, another processor?) and is new enough; notes what it found.
is_fit() {
  [ -x "$1" ] || return 1
  version=$("$1" --version 2>/dev/null </dev/null) || version=broken
  found="$found $1 ($version)"
  major=${version#v}
  major=${major%%.*}
  minor=${version#v*.}
  minor=${minor%%.*}
  case $major$minor in
    '' | *[!0-9]*) return 1 ;;
  esac
  [ "$major" -gt "$needed_major" ] && return 0
  [ "$major" -eq "$needed_major" ] && [ "$minor" -ge "$needed_minor" ]
}

root=$(real_folder "$0")
root=${root%/src/cli}

node=
found=
while IFS= read -r candidate; do
  if is_fit "$candidate"; then
    node=$candidate
    break
  fi
done <<EOF
$(candidates "$root")
EOF

if [ -z "$node" ]; then
  refuse "needs Node $needed_major.$needed_minor or newer and found${found:- none}
Linux on x64 and arm64 brings its own: run \"npm ci\" in a checkout, or install again without --omit=optional.
Elsewhere install Node $needed_major.$needed_minor or newer and put it on PATH."
fi

case $root in
  */node_modules/*)
    # Node runs no TypeScript below node_modules, so an installed package carries the bundle.
    entry=$root/dist/magos.mjs
    [ -f "$entry" ] || refuse "cannot find $entry: the installation is not whole, install it again"
    ;;
  *)
    entry=$root/src/main.ts
    [ -f "$entry" ] || refuse "cannot find $entry: the checkout is not whole"
    ;;
esac

# Compiled code is kept: a start takes two thirds of the time and, from a checkout, a fifth less memory.
cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
[ -z "$cache" ] || export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE-$cache/magos-dominus}"

# npm runs its scripts in the package's folder; paths shall mean what the user sees.
if [ "${npm_lifecycle_event:-}" = magos ] && [ -n "${INIT_CWD:-}" ]; then
  cd "$INIT_CWD" || refuse "cannot change to $INIT_CWD, where npm was started"
fi

# A young generation of 8 MB instead of 16: thousands of repositories are then checked in half the memory, nearly as fast.
exec "$node" --max-semi-space-size=8 "$entry" "$@"
