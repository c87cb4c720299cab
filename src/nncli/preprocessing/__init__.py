"""What lies between the data as it is recorded and the network: Keras layers, saved with it."""
