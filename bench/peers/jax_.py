"""JAX with optax. Ways: nchw or nhwc, the layout of pictures and activations."""
from common import serve


def open_job(job):
    import jax
    import jax.numpy as jnp
    import optax
    from jax import lax, nn, random

    layout = job["way"].upper()
    spatial = (2, 3) if layout == "NCHW" else (1, 2)
    channels = layout.index("C")
    conv_words = (layout, "OIHW" if layout == "NCHW" else "HWIO", layout)
    window = tuple(2 if i in spatial else 1 for i in range(4))

    def draw(key, *shape, fan):
        return random.normal(random.PRNGKey(key), shape) * (2 / fan) ** 0.5

    def kernel(key, c_out, c_in):
        shape = (c_out, c_in, 3, 3) if layout == "NCHW" else (3, 3, c_in, c_out)
        return draw(key, *shape, fan=9 * c_in)

    weights = {"conv1": kernel(1, 32, 1), "conv2": kernel(2, 64, 32), "dense1": draw(3, 1600, 128, fan=1600),
               "dense2": draw(4, 128, 10, fan=128)}
    biases = {"conv1": jnp.zeros(32), "conv2": jnp.zeros(64), "dense1": jnp.zeros(128), "dense2": jnp.zeros(10)}
    parameters = (weights, biases)
    batch = job["batch"]
    x = random.uniform(random.PRNGKey(5), (batch, 1, 28, 28) if layout == "NCHW" else (batch, 28, 28, 1))
    target = random.randint(random.PRNGKey(6), (batch,), 0, 10)

    def model(parameters, x):
        w, b = parameters
        for name in ("conv1", "conv2"):
            bias = jnp.expand_dims(b[name], [i for i in range(4) if i != channels])
            x = nn.relu(lax.conv_general_dilated(x, w[name], (1, 1), "VALID", dimension_numbers=conv_words) + bias)
            x = lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID")
        x = nn.relu(x.reshape(batch, -1) @ w["dense1"] + b["dense1"])
        return x @ w["dense2"] + b["dense2"]

    optimizer = optax.adam(1e-3, eps=1e-7)

    def loss(parameters, x, target):
        return optax.softmax_cross_entropy_with_integer_labels(model(parameters, x), target).mean()

    def update(parameters, slots, x, target):
        changes, slots = optimizer.update(jax.grad(loss)(parameters, x, target), slots)
        return optax.apply_updates(parameters, changes), slots

    step = jax.jit(update, donate_argnums=(0, 1))
    state = [parameters, optimizer.init(parameters)]

    def run(steps):
        for _ in range(steps):
            state[:] = step(*state, x, target)
        jax.block_until_ready(state)
        return steps

    return f"JAX {jax.__version__}", run


if __name__ == "__main__":
    serve(open_job)
