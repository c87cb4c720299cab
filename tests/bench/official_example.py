"""The official example of Keras with tensorflow-datasets: cache, shuffle, batch, prefetch.

Written from its description, "Training a neural network on MNIST with Keras".
"""

import os
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import tensorflow as tf
import tensorflow_datasets as tfds


def normalized(image: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Pixels from 0..255 to 0..1."""
    return tf.cast(image, tf.float32) / 255.0, label


(train, test), info = tfds.load(
    "mnist", split=["train", "test"], shuffle_files=True, as_supervised=True, with_info=True
)
train = train.map(normalized, num_parallel_calls=tf.data.AUTOTUNE)
train = train.cache()
train = train.shuffle(info.splits["train"].num_examples)
train = train.batch(128)
train = train.prefetch(tf.data.AUTOTUNE)
test = test.map(normalized, num_parallel_calls=tf.data.AUTOTUNE)
test = test.batch(128)
test = test.cache()
test = test.prefetch(tf.data.AUTOTUNE)

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
history = model.fit(train, epochs=6, validation_data=test)
print(f"fit {time.perf_counter() - began:.2f} s")
print(f"test accuracy {history.history['val_accuracy'][-1]:.4f}")
