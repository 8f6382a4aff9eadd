#!/bin/sh
# Installs what Ferrule is built from on Debian 12, and nothing else: packages of the machine's own
# archive, and simdjson as a static library made from Debian's source package (the binary package
# holds only a shared one).
#
#   cmake/install-deps.sh [tests] [benchmarks]   what building needs, and what those two add
#   cmake/install-deps.sh --simdjson-dir         print where the static simdjson is kept
#
# Quiet and done at once when nothing is missing. Starts no daemon. Uses sudo when not root.
set -eu

simdjson_version=3.0.1
cxx=clang++-19
cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/ferrule
policy=/usr/sbin/policy-rc.d
# Of simdjson's variants for x86-64 a service carries two: for processors with AVX2, and for all.
# The other two would add 65 kB to every executable.
simdjson_flags="-DSIMDJSON_IMPLEMENTATION_ICELAKE=0 -DSIMDJSON_IMPLEMENTATION_WESTMERE=0"
simdjson_dir=$cache/simdjson-$simdjson_version-clang-19-avx2

build_packages="ca-certificates clang-19 lld-19 llvm-19 libc6-dev libstdc++-12-dev cmake ninja-build
  liburing-dev libfmt-dev libc-ares-dev libsqlite3-dev zlib1g-dev
  libbrotli-dev libzstd-dev curl"
tests_packages="g++-12 libclang-rt-19-dev libgtest-dev python3 ccache binutils
  slowhttptest iproute2 nftables nginx-light haproxy gdb"
benchmarks_packages="libbenchmark-dev libcurl4-openssl-dev nginx-light wrk valgrind"

say() { echo "install-deps: $*" >&2; }
stop() { say "$*"; exit 1; }
stop_with_log() { tail -n 20 "$work/log" >&2; stop "$@"; }
clean_up() {
  rm -rf "$work" "${staged:-}"
  [ -z "${policy_is_ours:-}" ] || as_root rm -f $policy
}
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# The packages of "$@" that are not installed, one a line. nginx in any build will do.
missing() {
  for package in "$@"; do
    case $package in
      nginx-light) command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || echo "$package" ;;
      *) [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
        echo "$package" ;;
    esac
  done
}

# Installing a server must not start it; a policy file that says so is Debian's way to ask for that.
install_packages() {
  command -v apt-get >/dev/null || stop "no apt-get here. Ferrule is built on Debian 12; needed: $*"
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || stop "not root, and no sudo. Needed: $*"
  say "installing" "$@"
  as_root apt-get -qq update || stop "apt-get update failed: is the archive reachable?"
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    policy_is_ours=yes
    as_root chmod +x $policy
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" \
    >"$work/log" 2>&1 </dev/null || stop_with_log "apt-get install failed: $*"
}

# Puts Debian's simdjson source into the current folder. The machine's own sources are copied and
# turned into deb-src ones, so that its mirror, keys and options hold; the system's stay untouched.
fetch_simdjson_source() {
  eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
  mkdir -p sources.d lists/partial archives/partial
  for file in "${list:-}" "${parts:-}"/*.list "${parts:-}"/*.sources; do
    [ -f "$file" ] || continue
    case $file in
      *.list) sed -n 's/^deb\(-src\)\{0,1\}[[:blank:]]/deb-src /p' "$file" ;;
      *) sed 's/^Types:.*/Types: deb-src/I' "$file" ;;
    esac >"sources.d/$(basename "$file")"
  done
  set -- -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$PWD/sources.d" \
    -o Dir::State::lists="$PWD/lists" -o Dir::Cache="$PWD" -o APT::Sandbox::User=root
  apt-get "$@" update && apt-get "$@" --download-only source "simdjson=$simdjson_version-1"
}

build_simdjson() {
  say "building simdjson $simdjson_version from Debian's source (once)"
  mkdir "$work/simdjson"
  (
    cd "$work/simdjson"
    fetch_simdjson_source && tar -xf simdjson_*.orig.tar.* --strip-components=1
  ) >"$work/log" 2>&1 || stop_with_log "cannot fetch Debian's simdjson source"
  staged=$(mktemp -d -p "$cache")
  mkdir "$staged/lib"
  (
    cd "$work/simdjson" &&
      $cxx -std=c++17 -O2 -DNDEBUG -fPIC -ffunction-sections -fdata-sections -fvisibility=hidden \
        $simdjson_flags -w -Iinclude -Isrc -c src/simdjson.cpp -o simdjson.o &&
      llvm-ar-19 rcs "$staged/lib/libsimdjson.a" simdjson.o &&
      cp -R include LICENSE "$staged/"
  ) >"$work/log" 2>&1 || stop_with_log "cannot build simdjson"
  chmod 755 "$staged"
  mv -T "$staged" "$simdjson_dir" 2>/dev/null || [ -d "$simdjson_dir" ]  # another run was first
}

packages=$build_packages
for part in "$@"; do
  case $part in
    --simdjson-dir) echo "$simdjson_dir"; exit 0 ;;
    tests) packages="$packages $tests_packages" ;;
    benchmarks) packages="$packages $benchmarks_packages" ;;
    *) stop "unknown argument '$part'. Usage: install-deps.sh [tests] [benchmarks]" ;;
  esac
done

# shellcheck disable=SC2086 # lists of words
needed=$(missing $packages)
[ -n "$needed" ] || [ ! -f "$simdjson_dir/lib/libsimdjson.a" ] || exit 0
work=$(mktemp -d)
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
mkdir -p "$cache"
# shellcheck disable=SC2086
[ -z "$needed" ] || install_packages $needed
[ -f "$simdjson_dir/lib/libsimdjson.a" ] || build_simdjson
