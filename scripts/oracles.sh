#!/usr/bin/env bash
# Install the programs of others that the tests ask for a second opinion, each in an environment of its own.
#
# They are no part of the kit and never installed with it: .oracles/NAME/bin holds each one's commands.
# warcio needs none, as the kit's own environment has it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

for name in bagit fastwarc fpdf2 pywb wacz; do
    home=.oracles/$name
    stamp=$home/evidence-kit.stamp
    locks=(requirements/oracle-build.lock "requirements/oracle-$name.lock")
    if "$home/bin/python" -c '' 2>/dev/null && cat "${locks[@]}" | cmp -s - "$stamp"; then
        continue
    fi
    printf 'setup: installing the test oracle %s into %s\n' "$name" "$home"
    .venv/bin/python -m venv --clear "$home"
    # Some come as source only: their build tools are locked too, and nothing else is fetched to build them.
    "$home/bin/python" -m pip install -qq --require-hashes --only-binary :all: -r "${locks[0]}"
    "$home/bin/python" -m pip install -qq --require-hashes --no-build-isolation -r "${locks[1]}"
    cat "${locks[@]}" >"$stamp"
done
