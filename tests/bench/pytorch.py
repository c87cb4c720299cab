"""The same network with a plain PyTorch loop, from arrays that are decoded already."""

import time

import torch
from arrays import mnist_arrays
from torch import nn

images, labels, test_images, test_labels = map(torch.from_numpy, mnist_arrays())
network = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = torch.optim.Adam(network.parameters())
loss_of = nn.CrossEntropyLoss()
began = time.perf_counter()
for _ in range(6):
    for indices in torch.randperm(len(labels)).split(128):
        optimizer.zero_grad()
        loss = loss_of(network(images[indices].float() / 255), labels[indices])
        loss.backward()
        optimizer.step()
print(f"fit {time.perf_counter() - began:.2f} s")
with torch.no_grad():
    answers = network(test_images.float() / 255).argmax(dim=1)
print(f"test accuracy {(answers == test_labels).float().mean():.4f}")
