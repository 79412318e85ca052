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

# ReplayWeb.page is one script that a browser runs; only the slow tests ask it, and only where npm is.
home=.oracles/replaywebpage
lock=requirements/oracle-replaywebpage.lock
if command -v npm >/dev/null && ! cmp -s "$lock" "$home/evidence-kit.stamp"; then
    printf 'setup: fetching the test oracle replaywebpage into %s\n' "$home"
    rm -rf "$home"
    mkdir -p "$home"
    read -r package integrity <"$lock"
    (cd "$home" && npm pack --silent "$package" >/dev/null)
    .venv/bin/python - "$home"/*.tgz "$integrity" <<'END'
import base64, hashlib, pathlib, sys, tarfile
path, expected = pathlib.Path(sys.argv[1]), sys.argv[2]
if "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode() != expected:
    sys.exit(f"setup: {path} is not the file that the lock names")
with tarfile.open(path) as archive:
    (path.parent / "sw.js").write_bytes(archive.extractfile("package/sw.js").read())
END
    cp "$lock" "$home/evidence-kit.stamp"
fi
