"""The dialects, one per level: `hw` (machine), `cnn`, `mvm`, `vxb`, `pxb`, `ou`."""
