#!/bin/sh
# Prints byte-hops, energy and latency of networks without and with swap-pes.
# usage: compare.sh ACCELERATOR NETWORK ...
set -eu
accelerator=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for network in "$@"; do
  for steps in assign assign,swap-pes; do
    pipeline=partition,pack,$steps,order
    echo "$network: $pipeline"
    spatem-opt "$network" --accelerator "$accelerator" -p "$pipeline" -o "$folder/$network.mlir"
    spatem-run "$folder/$network.mlir" 2> /dev/null | grep -E '^(byte-hops|energy|latency)'
  done
done
