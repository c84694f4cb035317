#!/bin/sh
# Rebuilds the example programs beside their sources: static-PIE, musl (Debian: musl-tools, gcc, binutils).
set -eu
cd "$(dirname "$0")"
libc=/usr/lib/x86_64-linux-musl
object=$(mktemp)
trap 'rm -f "$object"' EXIT
for name in hello tour calc; do
  musl-gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Os -fPIE -ffunction-sections -c -o "$object" "$name.c"
  # musl-gcc cannot link a static PIE: that takes the start file rcrt1.o, which relocates the program.
  ld -static -pie --no-dynamic-linker -z text -z noexecstack --gc-sections -s -o "$name" \
    "$libc/rcrt1.o" "$libc/crti.o" "$object" "$libc/libc.a" "$(gcc -print-libgcc-file-name)" "$libc/crtn.o"
done
