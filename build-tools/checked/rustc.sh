#!/bin/bash
# A RUSTC_WRAPPER: rustc, told to generate no code for libraries of another system.
#
# `cargo check -Zbuild-std` compiles std in full, though nothing is linked with it. Here a library for `--target` ends after its
# metadata, which is all that a check of its users reads, and its archive holds nothing else. Five times as quick, and it also
# checks for systems whose code this compiler cannot generate.
set -eu
rustc=$1
shift
target='' library='' asked='' name='' extra='' out='' previous=''
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
      asked=yes
      argument=--emit=dep-info,metadata
      ;;
    extra-filename=* | -Cextra-filename=*) extra=${argument#*extra-filename=} ;;
  esac
  previous=$argument
  arguments+=("$argument")
done
# The crate of the cross-check also writes its LLVM IR, in which its statics name the symbols of functions. A crate that `cargo
# check` checks asks for metadata alone.
if [ "$name" = mio_witness ] && [ -n "$target" ] && [ -n "${MIO_WITNESS_IR-}" ]; then
  exec "$rustc" "$@" "--emit=llvm-ir=$MIO_WITNESS_IR"
fi
if [ -z "$target" ] || [ -z "$library" ] || [ -z "$asked" ]; then
  exec "$rustc" "$@"
fi
"$rustc" "${arguments[@]}"
# An archive with one member, as rustc looks for it.
folder=$(mktemp -d "$out/archive.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cp "$out/lib$name$extra.rmeta" "$folder/lib.rmeta"
(cd "$folder" && ar rc lib.rlib lib.rmeta)
mv "$folder/lib.rlib" "$out/lib$name$extra.rlib"
