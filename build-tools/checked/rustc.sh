#!/bin/bash
# A RUSTC_WRAPPER that generates no code for libraries of another system.
#
# `cargo check -Zbuild-std` generates the code of std, although nothing links with it. With this
# wrapper, rustc writes only the metadata of a library for `--target`, which is enough to check its
# users, and the archive has no other member. A check is five times as fast, and also works for
# systems for which this compiler cannot generate code.
set -eu
rustc=$1
shift
target='' library='' links='' name='' extra='' out='' previous=''
arguments=()
for argument in "$@"; do
  case "$previous" in
    --target) target=$argument ;;
    --crate-type) case "$argument" in lib | rlib) library=yes ;; *) library='' ;; esac ;;
    --crate-name) name=$argument ;;
    --out-dir) out=$argument ;;
  esac
  case "$argument" in
    --emit=dep-info,metadata,link)
      links=yes
      argument=--emit=dep-info,metadata
      ;;
    extra-filename=* | -Cextra-filename=*) extra=${argument#*extra-filename=} ;;
  esac
  previous=$argument
  arguments+=("$argument")
done
# The crate of the cross-check also writes its LLVM IR, whose statics contain the symbols of
# functions. `cargo check` itself requests only the metadata of a crate.
if [ "$name" = mio_cross_check ] && [ -n "$target" ] && [ -n "${MIO_CROSS_CHECK_IR-}" ]; then
  exec "$rustc" "$@" "--emit=llvm-ir=$MIO_CROSS_CHECK_IR"
fi
if [ -z "$target" ] || [ -z "$library" ] || [ -z "$links" ]; then
  exec "$rustc" "$@"
fi
"$rustc" "${arguments[@]}"
# rustc expects an archive with a member of this name.
folder=$(mktemp -d "$out/archive.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cp "$out/lib$name$extra.rmeta" "$folder/lib.rmeta"
(cd "$folder" && ar rc lib.rlib lib.rmeta)
mv "$folder/lib.rlib" "$out/lib$name$extra.rlib"
