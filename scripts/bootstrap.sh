#!/usr/bin/env bash
# Make everything that `make demo` and `make test` need, once, and say what was done.
#
#   scripts/bootstrap.sh demo    environment, locked dependencies, fonts, a browser, the page verify.html
#   scripts/bootstrap.sh test    the same, and the other people's programs that the tests compare with
#   scripts/bootstrap.sh lint    environment and locked dependencies only, those of the page too
#   scripts/bootstrap.sh web     the page verify.html only
#
# Safe to run again; quick when all is there. System packages are installed only on Debian and only as root; elsewhere
# a line says what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

LOCK=requirements/all.lock
STAMP=.venv/evidence-kit.stamp
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: error: %s\n' "$*" >&2
    exit 1
}

# Prints the first Python that is new enough and can make environments (Debian ships ensurepip apart).
find_python() {
    local candidate
    for candidate in python3 python3.11 python3.12 python3.13 python3.14; do
        if "$candidate" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

have_command() { command -v "$1" >/dev/null 2>&1; }
have_package() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Names the Debian packages that profile $1 lacks.
missing_packages() {
    have_command npm || echo nodejs npm
    [ "$1" = web ] && return
    find_python >/dev/null || echo python3 python3-venv
    [ "$1" = lint ] && return
    have_command openssl || echo openssl
    if have_command dpkg-query; then
        have_package ca-certificates || echo ca-certificates
        have_package libatomic1 || echo libatomic1  # Playwright's installer does not start without it
        have_package fonts-noto-core || echo fonts-noto-core
        have_package fonts-noto-color-emoji || echo fonts-noto-color-emoji
    fi
    [ "$1" = demo ] && return
    have_command pdftoppm || echo poppler-utils
    have_command qpdf || echo qpdf
    have_command tesseract || echo tesseract-ocr tesseract-ocr-eng tesseract-ocr-mon
    have_command age || echo age
    have_command certutil || echo libnss3-tools
    have_command firefox-esr || have_command firefox || echo firefox-esr
    have_command exiftool || echo libimage-exiftool-perl
    have_command zbarimg || echo zbar-tools
    have_command Xvfb || echo xvfb
    have_command xdotool || echo xdotool
    have_command softhsm2-util || echo softhsm2
}

install_packages() {
    local -a missing
    read -r -a missing <<<"$(missing_packages "$1" | tr '\n' ' ')"
    [ "${#missing[@]}" -gt 0 ] || return 0
    if have_command apt-get && [ "$(id -u)" -eq 0 ]; then
        say "installing Debian packages: ${missing[*]}"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    elif have_command apt-get; then
        say "missing; please run: sudo apt-get install ${missing[*]}"
    else
        say "missing; please install what Debian calls: ${missing[*]}"
    fi
}

# What the environment was made from: the lock, the project's own metadata and the place of the checkout.
fingerprint() {
    "$1" -c 'import hashlib, pathlib, sys
print(hashlib.sha256(b"".join(pathlib.Path(name).read_bytes() for name in sys.argv[1:])
                     + str(pathlib.Path.cwd()).encode()).hexdigest())' "$LOCK" pyproject.toml
}

make_environment() {
    local python
    python=$(find_python) || fail "needs Python 3.11 or newer with its venv module"
    if [ -x .venv/bin/python ] && [ "$(fingerprint .venv/bin/python)" = "$(cat "$STAMP" 2>/dev/null)" ]; then
        return
    fi
    if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
        say "making .venv with $("$python" --version)"
        "$python" -m venv --clear .venv
    fi
    say "installing the locked dependencies into .venv (about a minute)"
    .venv/bin/python -m pip install -qq --require-hashes --only-binary :all: -r "$LOCK"
    .venv/bin/python -m pip install -qq --no-deps --no-index --no-build-isolation -e .
    fingerprint .venv/bin/python >"$STAMP"
}

# The page's own dependencies, by its lock file.
fetch_for_page() {
    local stamp=web/node_modules/evidence-kit.stamp
    cmp -s web/package-lock.json "$stamp" && return
    say "installing the locked dependencies of verify.html into web/node_modules"
    npm ci --prefix web --ignore-scripts --loglevel=error >/dev/null || fail "npm could not install what verify.html needs"
    cp web/package-lock.json "$stamp"
}

profile=${1:-demo}
case "$profile" in
    demo | test | lint | web) ;;
    *) fail "no profile \"$profile\": demo, test, lint or web" ;;
esac
install_packages "$profile"
fetch_for_page
# Before the environment: the package wants the page to be there when it is installed.
npm run build --prefix web --silent
[ "$profile" = web ] && exit
make_environment
if [ "$profile" != lint ]; then
    .venv/bin/python -m evidence_kit.browser.install
fi
if [ "$profile" = test ]; then
    node web/build.mjs --tests
    bash scripts/oracles.sh
fi
say "ready ($profile)"
