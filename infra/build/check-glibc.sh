#!/bin/sh
# check-glibc.sh BINARY VERSION: fails when the binary needs a newer glibc than the functions' runtime has.
# WEND_ANY_GLIBC=1 lets it pass, for a stack that runs on this very machine.
set -eu
needed=$(LC_ALL=C grep -ao 'GLIBC_[0-9.]*[0-9]' "$1" | sort -uV | tail -n 1)
needed=${needed#GLIBC_}
newest=$(printf '%s\n%s\n' "${needed:-0}" "$2" | sort -V | tail -n 1)
if [ "$newest" != "$2" ] && [ "${WEND_ANY_GLIBC:-}" != 1 ]; then
    echo "$1 needs glibc $needed, but Lambda has $2: install cargo-lambda and run sam build with BUILDER=cargo-lambda," \
        "or set WEND_ANY_GLIBC=1 for a stack on this machine" >&2
    exit 1
fi
