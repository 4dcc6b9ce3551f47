"""The parts of a deployment that `composition.Deployment` is put together of."""
