"""The benchmark's PyTorch programs."""
