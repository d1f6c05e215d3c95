"""How this installation is: for its owner (/system/), for Prometheus (/metrics), for a report."""
