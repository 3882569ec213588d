"""Keras. Ways: the backend, tensorflow or jax, and with tensorflow `,jit` for XLA. Steps are those of model.fit, ten a call of the
compiled function, over one batch that stays in memory."""
import os

from common import serve


def open_job(job):
    backend, *jit = job["way"].split(",")
    os.environ["KERAS_BACKEND"] = backend
    import keras
    import numpy as np
    import tensorflow as tf
    from keras import layers
    tf.config.threading.set_intra_op_parallelism_threads(job["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(1)
    version = f"TensorFlow {tf.__version__}"
    if backend == "jax":
        import jax
        version = f"JAX {jax.__version__}"

    model = keras.Sequential([
        layers.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(128, activation="relu"),
        layers.Dense(10)])
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  steps_per_execution=10, jit_compile=bool(jit) or backend == "jax")
    random = np.random.default_rng(1)
    x = random.random((job["batch"], 28, 28, 1), np.float32)
    target = random.integers(0, 10, job["batch"])
    # One batch in memory, given again and again.
    batches = tf.data.Dataset.from_tensors((tf.constant(x), tf.constant(target))).repeat()

    def run(steps):
        steps = (steps + 9) // 10 * 10
        model.fit(batches, steps_per_epoch=steps, epochs=1, verbose=0)
        return steps

    return f"Keras {keras.__version__} on {version}", run


if __name__ == "__main__":
    serve(open_job)
