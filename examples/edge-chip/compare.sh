#!/bin/sh
# Prints byte-hops, energy and latency of networks without and with swap-pes, as rows of a table.
# usage: compare.sh ACCELERATOR NETWORK ...
set -eu
accelerator=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Lowers a network with the given step(s) in the place of assign, and writes its results as JSON.
measure() {
  spatem-opt "$1" --accelerator "$accelerator" -p "partition{strategy=spatem},pack,$2,order" -o "$folder/$1.mlir"
  spatem-run "$folder/$1.mlir" --json "$3" > /dev/null
}

for network in "$@"; do
  measure "$network" assign "$folder/without.json"
  measure "$network" assign,swap-pes "$folder/with.json"
  python - "$(basename "$accelerator" .toml)" "$network" "$folder" << 'END'
import json
import sys

accelerator, network, folder = sys.argv[1:]
before, after = (json.load(open(f"{folder}/{name}.json")) for name in ("without", "with"))
cells = [accelerator, f"`{network}`"]
for key in ("byte_hops", "energy_nj", "latency_cycles"):
    change = f"{after[key] / before[key] - 1:+.0%}".replace("-", "−").replace("%", " %")
    cells.append(f"{before[key]:,.0f} → {after[key]:,.0f} ({change})")
print(f"| {' | '.join(cells)} |")
END
done
