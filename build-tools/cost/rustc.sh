#!/bin/bash
# A RUSTC_WRAPPER that writes the cost of each crate to a file in MIO_COST_FOLDER.
#
# `CRATE.time` has the seconds of processor time, in user mode and in the kernel. If
# MIO_COST_INSTRUCTIONS is set, `CRATE.instructions` has the report of valgrind instead.
crate='' previous=''
for argument; do
  if [ "$previous" = --crate-name ]; then
    crate=$argument
  fi
  previous=$argument
done
# Cargo asks for the version and the configuration under the name `___`.
if [ -z "$crate" ] || [ "$crate" = ___ ] || [ -z "${MIO_COST_FOLDER-}" ]; then
  exec "$@"
fi
if [ -n "${MIO_COST_INSTRUCTIONS-}" ]; then
  # Without a fair scheduler, a waiting thread of rustc can keep the others from running.
  exec valgrind --tool=cachegrind --cache-sim=no --fair-sched=try --cachegrind-out-file=/dev/null \
    --log-file="$MIO_COST_FOLDER/$crate.instructions" "$@"
fi
TIMEFORMAT='%3U %3S'
{ time "$@" 2>&3; } 3>&2 2>"$MIO_COST_FOLDER/$crate.time"
