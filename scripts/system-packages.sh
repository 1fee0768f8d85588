#!/usr/bin/env bash
# Installs the programs that some tests need and Python packages cannot bring. Only root may, and only where apt-get
# is; elsewhere it says what is missing, and the tests that need it are skipped by name. Never fails.
set -uo pipefail

# program:Debian package
wanted=("dciodvfy:dicom3tools")

missing_packages() {
    local entry
    for entry in "${wanted[@]}"; do
        command -v "${entry%%:*}" >/dev/null || printf '%s\n' "${entry##*:}"
    done
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
    local options=(-qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2)
    apt-get "${options[@]}" update
    apt-get "${options[@]}" install -y --no-install-recommends "$@"
}

mapfile -t missing < <(missing_packages)
if [[ ${#missing[@]} -gt 0 && $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    echo "setup: installing ${missing[*]} with apt-get"
    log=$(install_packages "${missing[@]}" </dev/null 2>&1) || printf '%s\n' "$log" | tail -n 5
    mapfile -t missing < <(missing_packages)
fi
if [[ ${#missing[@]} -gt 0 ]]; then
    echo "setup: not installed: ${missing[*]}; the tests that need them are skipped."
    echo "setup: to run them too: sudo apt-get install ${missing[*]}"
fi
exit 0
