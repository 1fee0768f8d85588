#!/usr/bin/env bash
# Installs the programs that some tests need and Python packages cannot bring. Only root may, and only where apt-get
# is; elsewhere it says what is missing, and the tests that need it are skipped by name. Never fails.
set -uo pipefail

# Any of these programs or files : the Debian package that brings the first
wanted=(
    "dciodvfy:dicom3tools"
    "chromium,chromium-browser,google-chrome:chromium"
    "/usr/bin/dsrdump:dcmtk"
    "/usr/sbin/Orthanc:orthanc"
    "/usr/share/orthanc/plugins/libOrthancDicomWeb.so:orthanc-dicomweb"
    "/usr/share/java/pixelmed.jar:pixelmed-apps"
    "java:default-jre-headless"
    "/usr/lib/*/libpangoft2-1.0.so.0:libpangoft2-1.0-0"
)

missing_packages() {
    local entry programs
    for entry in "${wanted[@]}"; do
        IFS=, read -ra programs <<<"${entry%%:*}"
        # With several names, `command -v` succeeds as soon as one of them is found.
        command -v "${programs[@]}" >/dev/null || compgen -G "${programs[0]}" >/dev/null ||
            printf '%s\n' "${entry##*:}"
    done
}

# One by one, so that a package this system does not know keeps no other away.
install_packages() {
    export DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
    local options=(-qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2) package status=0
    apt-get "${options[@]}" update || return
    for package in "$@"; do
        apt-get "${options[@]}" install -y --no-install-recommends "$package" || status=1
    done
    return "$status"
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
