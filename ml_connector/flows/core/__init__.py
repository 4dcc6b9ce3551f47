"""What every flow works with: ports, the integration, batches, quarantine, calls."""
