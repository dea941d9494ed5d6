#!/usr/bin/env bash
# A Chromium for the browser tests. Uses what is there; installs Debian's where it may; says so where it cannot.
set -euo pipefail

if [[ -n "${CHROMIUM:-}" ]]; then
    [[ -x "$CHROMIUM" ]] && exit 0
    echo "CHROMIUM is set to $CHROMIUM, which is no program. Correct it or unset it: the browser tests will fail." >&2
    exit 1
fi
if command -v chromium >/dev/null || command -v google-chrome >/dev/null; then
    exit 0
fi
if [[ "$(id -u)" -eq 0 ]] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    exit 0
fi
cat >&2 <<'TEXT'
No Chromium was found, so the browser tests (tests/e2e) will FAIL. To install one:
    Debian, Ubuntu    sudo apt-get install chromium
    Fedora            sudo dnf install chromium
    macOS             brew install --cask chromium
or set CHROMIUM to the path of a Chromium or Chrome you have.
TEXT
