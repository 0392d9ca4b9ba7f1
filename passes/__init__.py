"""The passes: each adds one decision to the deployment and nothing else."""
