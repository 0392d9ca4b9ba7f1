"""Search for a deployment, with the machine as the judge."""
