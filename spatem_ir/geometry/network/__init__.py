"""The network as dataflow: pieces, who reads them, and what waits for what."""
