"""Which block of weights is written to which operation unit of a crossbar, stage after stage."""
