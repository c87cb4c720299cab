"""The classic tutorial: MNIST straight from tensorflow-datasets into `fit`, nothing tuned."""

import os
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import tensorflow as tf
import tensorflow_datasets as tfds


def scaled(image: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Pixels from 0..255 to 0..1."""
    return tf.cast(image, tf.float32) / 255.0, label


train, test = tfds.load("mnist", split=["train", "test"], as_supervised=True)
train = train.map(scaled).batch(128)
test = test.map(scaled).batch(128)

model = tf.keras.Sequential(
    [
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(128, activation="relu"),
        tf.keras.layers.Dense(10),
    ]
)
model.compile(
    optimizer=tf.keras.optimizers.Adam(0.001),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
began = time.perf_counter()
model.fit(train, epochs=6)
print(f"fit {time.perf_counter() - began:.2f} s")
_, accuracy = model.evaluate(test)
print(f"test accuracy {accuracy:.4f}")
