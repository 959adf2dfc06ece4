"""What is to be measured: clips and the lists that name them."""
