"""Pure functions of layers, tiles and machines, shared by the passes and the runtime."""
