"""The other side of train_pairs.py: steps per second of a plain TransformerLens loop, or of a torch.func ensemble.

    python loop_transformer_lens.py loop THREADS
    python loop_transformer_lens.py ensemble THREADS WIDTH [DEVICE]

Prints a line when ready; then reads numbers of seconds from stdin and prints model-steps per second for each.
The main pair model: one layer, attention only, 2 heads, d_head 5, d_model 16, batch 280.
"""

import os
import sys
import time

if "READOFF_CORE" in os.environ:
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[int(os.environ["READOFF_CORE"])]})

import torch
from transformer_lens import HookedTransformer, HookedTransformerConfig

KIND, THREADS = sys.argv[1], int(sys.argv[2])
DEVICE = sys.argv[4] if len(sys.argv) > 4 else "cpu"
torch.set_num_threads(THREADS)
X = torch.randint(0, 12, (280, 5), device=DEVICE)
Y = torch.randint(0, 10, (280,), device=DEVICE)


def network(seed: int) -> HookedTransformer:
    config = HookedTransformerConfig(
        n_layers=1, d_model=16, n_ctx=5, d_head=5, n_heads=2, d_vocab=12, d_vocab_out=10, attn_only=True,
        normalization_type=None, device=DEVICE, seed=seed,
    )  # fmt: skip
    return HookedTransformer(config)


def loop():
    model = network(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(X)[:, -1], Y).backward()
        optimizer.step()

    return step, 1


def ensemble(width: int):
    from torch.func import functional_call, grad, stack_module_state, vmap

    models = [network(seed) for seed in range(width)]
    parameters, buffers = stack_module_state(models)
    parameters = {k: v.detach().requires_grad_() for k, v in parameters.items()}
    optimizer = torch.optim.AdamW(list(parameters.values()), lr=1e-2)

    def loss(p, b):
        return torch.nn.functional.cross_entropy(functional_call(models[0], (p, b), (X,))[:, -1], Y)

    gradient = vmap(grad(loss), in_dims=(0, 0), randomness="different")

    def step() -> None:
        found = gradient({k: v.detach() for k, v in parameters.items()}, buffers)
        for name, value in parameters.items():
            value.grad = found[name]
        optimizer.step()

    return step, width


step, models = loop() if KIND == "loop" else ensemble(int(sys.argv[3]))
for _ in range(3):
    step()
print(0.0, flush=True)
for line in sys.stdin:
    steps, began = 0, time.perf_counter()
    while time.perf_counter() - began < float(line):
        step()
        steps += 1
    if DEVICE != "cpu":
        torch.cuda.synchronize()
    print(models * steps / (time.perf_counter() - began), flush=True)
