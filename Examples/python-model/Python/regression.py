"""A linear model, fitted by gradient descent: ordinary numpy code."""
import numpy as np

try:
    import asyncflow_worker as af   # only to report how far it is
except ImportError:
    af = None


class Diverged(Exception):
    def __init__(self, epoch):
        self.epoch = epoch


def fit(batch: dict, rate: float, epochs: int = 100) -> dict:
    inputs, targets = batch["inputs"], batch["targets"]     # arrays of numpy over the bytes that came
    weights = np.zeros(inputs.shape[1])
    for epoch in range(epochs):
        errors = inputs @ weights - targets
        loss = float(errors @ errors) / len(targets)
        if not loss < 1e6:
            raise Diverged(epoch)
        weights -= rate * 2 / len(targets) * (inputs.T @ errors)
        if af and epoch % (epochs // 4) == 0:
            af.progress(epoch / epochs, "loss %.3f" % loss)
    return {"weights": weights, "loss": loss}


def score(fit: dict, batch: dict) -> float:
    """The share of the targets' variance that the model explains."""
    residuals = batch["targets"] - batch["inputs"] @ fit["weights"]
    return 1 - float(residuals.var() / batch["targets"].var())
