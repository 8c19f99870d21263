#!/bin/sh
# Unpacks Debian sid's Go below DIR (DIR/bin/go), without touching the system: apt runs on state of
# its own, and packages are unpacked, not installed.
#
#   get-go.sh DIR
set -eu
[ $# -eq 1 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
apt=$dir/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
: > "$apt/status"

# The mirror that this machine uses for its own release.
mirror=$(grep -hoE 'https?://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/* \
  2> /dev/null | head -n 1 | tr -d ' ')
if [ -z "$mirror" ]; then
  echo "no Debian mirror in this machine's apt sources" >&2
  exit 1
fi
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" \
  > "$apt/sources.list"

with_apt() {
  command=$1
  shift
  "$command" -o Dir::State="$apt" -o Dir::State::lists="$apt/lists" \
    -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" \
    -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=- \
    -o APT::Sandbox::User=root "$@"
}
with_apt apt-get -qq update
compiler=$(with_apt apt-cache depends golang-go | sed -n 's/.*Depends: \(golang-[0-9.]*-go\)$/\1/p')
[ -n "$compiler" ] || { echo "sid has no golang-go" >&2; exit 1; }
version=${compiler#golang-}
version=${version%-go}
cd "$apt/cache/archives"
with_apt apt-get -qq download "golang-$version-go" "golang-$version-src"
for package in ./*.deb; do dpkg-deb --extract "$package" "$dir/root"; done
ln -sfn "root/usr/lib/go-$version/bin" "$dir/bin"
"$dir/bin/go" version
