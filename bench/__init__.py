"""What `bin/chaos` and `bin/bench` run: the product's own parts, killed or timed. Nothing here ships."""
