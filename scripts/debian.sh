# Sourced by the other scripts: Debian packages, installed where we may.

# Whether this user may install packages here without being asked anything.
may_install() {
  command -v apt-get >/dev/null || return 1
  [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# install_packages NAME...: all of them or a failure. Package lists may be missing or old, so they are fetched first.
install_packages() {
  echo "installing from Debian: $*"
  log=$(mktemp)
  if as_root apt-get update -qq >"$log" 2>&1 &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$log" 2>&1; then
    rm -f "$log"
  else
    tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
  fi
}
