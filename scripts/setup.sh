#!/usr/bin/env bash
# Makes .venv with the versions the lock names, from uv.lock where uv is found, else from requirements-dev.lock
# by venv and pip. `make` runs it; running it again is safe.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }

give_up() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# The first of these that is Python 3.11 or later; PYTHON names another.
find_python() {
    local name
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if command -v "$name" >/dev/null && is_new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    return 1
}

describe_found_python() {
    local name=${PYTHON:-python3}
    if command -v "$name" >/dev/null; then
        printf '%s is %s' "$name" "$("$name" --version 2>&1 | head -n 1)"
    else
        printf 'there is no %s' "$name"
    fi
}

install_with_uv() {
    say "installing the locked versions with uv"
    UV_PROJECT_ENVIRONMENT=.venv uv sync --frozen --quiet
}

# Debian and Ubuntu keep ensurepip, which venv needs, in a package of its own.
install_ensurepip() {
    local python=$1 package
    package=$("$python" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")')
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        say "$python has no ensurepip: installing $package"
        export DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "$package" >/dev/null || true
    fi
    "$python" -c 'import ensurepip' 2>/dev/null ||
        give_up "$python cannot make a virtual environment: its module ensurepip is missing." \
            "Run: sudo apt-get install $package   (or install uv), then make again."
}

make_environment() {
    local python
    python=$(find_python) || give_up "calcwatch needs Python 3.11 or later, and $(describe_found_python)." \
        "Install a newer Python, or name one: make PYTHON=/path/to/python3.12 test"
    "$python" -c 'import ensurepip' 2>/dev/null || install_ensurepip "$python"
    say "making .venv with $python ($("$python" --version))"
    "$python" -m venv --clear .venv
}

install_with_pip() {
    local pip=(.venv/bin/python -m pip --disable-pip-version-check --no-input)
    is_new_enough .venv/bin/python || make_environment
    "${pip[@]}" --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
    say "installing the locked versions with pip (about 200 MB the first time)"
    "${pip[@]}" install --quiet --require-hashes --requirement requirements-dev.lock
    "${pip[@]}" install --quiet --no-deps --editable .
}

if command -v uv >/dev/null; then
    install_with_uv || { say "uv failed; going on with venv and pip" && install_with_pip; }
else
    install_with_pip
fi
say "done"
